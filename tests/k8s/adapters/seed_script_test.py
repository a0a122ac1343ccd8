#!/usr/bin/env python3
"""The script that fills a new member's volume (k8s/adapters/seed_script.cc), run by bash with a
server and a client that are none: they write down how they are called, and do with files what the
real ones would. Breaks that must be noticed: a volume that is marked is filled again, one that is
half filled is not emptied, the copy is not shut down slowly, a server's bad end counts as a good
one, the next donor is not tried, a password is in an argument, what a replica knew of its source
stays, or a group's channels go."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3] / "k8s/adapters/seed_script.cc"
SCRIPT = re.search(r'R"sh\((.*?)\)sh"', SOURCE.read_text(encoding="utf-8"), re.DOTALL)[1]
PASSWORD = "it's a \\ 'secret'"

# Initialises, or runs until its stop file appears and ends with the code that is asked of it.
MYSQLD = r"""#!/bin/bash
printf '%s\n' "mysqld $*" >> "$LOG"
for word in "$@"; do
  case $word in
    --datadir=*) folder=${word#*=} ;;
    --socket=*) socket=${word#*=} ;;
    --initialize*) first=1 ;;
  esac
done
if [ -n "${first-}" ]; then mkdir -p "$folder"; exit 0; fi
echo "$folder" > "$socket"
until [ -e "$socket.stop" ]; do sleep 0.02; done
rm -f "$socket" "$socket.stop"
case $folder in "$SEED_DATA") exit "${COPY_ENDS-0}" ;; esac
"""

# Writes down what it is told; copies from a donor that is not in DOWN; stops the server.
MYSQL = r"""#!/bin/bash
for word in "$@"; do
  case $word in
    --socket=*) socket=${word#*=} ;;
    --defaults-extra-file=*) options=$(cat "${word#*=}") ;;
  esac
done
statements=$(cat)
[ -e "$socket" ] || exit 1
[ "$statements" = 'SELECT 1' ] && exit 0
printf '%s\n' "mysql $*" "as $(echo $options)" "told $(echo $statements)" >> "$LOG"
donor=$(sed -n "s/.*valid_donor_list = '\([^:]*\):3306'.*/\1/p" <<< "$statements" | head -1)
if [ -n "$donor" ]; then
  case " ${DOWN-} " in *" $donor "*) exit 1 ;; esac
  target=$(sed -n "s/.*DATA DIRECTORY = '\([^']*\)'.*/\1/p" <<< "$statements")
  mkdir "$target" "$target/mysql"
  echo "rows of $donor" > "$target/ibdata1"
  echo hidden > "$target/.some"
fi
case $statements in *SHUTDOWN*) touch "$socket.stop" ;; esac
"""


class SeedScript(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.data, self.log = self.folder / "data", self.folder / "log"
        programs = self.folder / "bin"
        for made in (self.data, programs):
            made.mkdir()
        for name, text in (("mysqld", MYSQLD), ("mysql", MYSQL), ("chown", "#!/bin/bash\n")):
            (programs / name).write_text(text, encoding="utf-8")
            (programs / name).chmod(0o755)
        self.environment = {
            **os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "LOG": str(self.log),
            "SEED_DATA": str(self.data), "SEED_SCRATCH": str(self.folder / "scratch"),
            "SEED_ID": "run-1", "DONORS": "db-1.db-pods db-2.db-pods", "SEED_USER": "repl",
            "SEED_PASSWORD": PASSWORD, "MYSQL_ROOT_USERNAME": "root",
            "MYSQL_ROOT_PASSWORD": PASSWORD}

    def run_script(self, **more):
        done = subprocess.run(["bash", "-c", SCRIPT, "seed", "--gtid-mode=ON"], timeout=20,
                              env={**self.environment, **more}, capture_output=True, text=True,
                              check=False)
        return done

    def logged(self):
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def test_fills_an_empty_volume_and_marks_it(self):
        (self.data / "lost+found").mkdir()
        done = self.run_script()
        self.assertEqual(done.returncode, 0, done.stderr)
        names = sorted(path.name for path in self.data.iterdir())
        self.assertEqual(names, [".ratchet-seed", ".some", "ibdata1", "lost+found", "mysql"])
        self.assertEqual((self.data / ".ratchet-seed").read_text(encoding="utf-8"), "run-1\n")
        self.assertEqual((self.data / "ibdata1").read_text(encoding="utf-8"),
                         "rows of db-1.db-pods\n")

    def test_opens_the_copy_read_only_and_shuts_it_down_slowly(self):
        self.run_script()
        servers = [line for line in self.logged().splitlines() if line.startswith("mysqld")]
        self.assertEqual(len(servers), 3, servers)
        self.assertIn("--initialize-insecure", servers[0])
        last = servers[2]
        for option in (f"--datadir={self.data} ", "--super-read-only=ON", "--skip-networking",
                       "--event-scheduler=OFF", "--gtid-mode=ON"):
            self.assertIn(option, last + " ")
        self.assertIn("SET PERSIST_ONLY super_read_only = ON; SET GLOBAL innodb_fast_shutdown = 0; "
                      "SHUTDOWN", self.logged())

    def test_forgets_the_source_of_a_replica_but_no_channel_of_a_group(self):
        self.run_script()
        self.assertIn("RESET REPLICA ALL; SET PERSIST_ONLY", self.logged())
        self.log.unlink()
        self.run_script(SEED_ID="run-2", GROUP_NAME="dc002fc3-c412-4d18-b1d4-66c1fbfbbc9b")
        self.assertNotIn("RESET", self.logged())

    def test_leaves_a_volume_alone_that_it_has_filled(self):
        self.run_script()
        (self.data / "ibdata1").write_text("rows of the target", encoding="utf-8")
        self.log.unlink()
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual(self.logged(), "")
        self.assertEqual((self.data / "ibdata1").read_text(encoding="utf-8"), "rows of the target")

    def test_empties_what_is_half_filled_or_of_another_run(self):
        for mark in (None, "run-0\n"):
            (self.data / "seed").mkdir(exist_ok=True)
            (self.data / "old").write_text("half", encoding="utf-8")
            if mark:
                (self.data / ".ratchet-seed").write_text(mark, encoding="utf-8")
            self.assertEqual(self.run_script().returncode, 0)
            self.assertFalse((self.data / "old").exists())
            self.assertFalse((self.data / "seed").exists())
            (self.data / ".ratchet-seed").unlink()

    def test_asks_the_next_donor(self):
        done = self.run_script(DOWN="db-1.db-pods")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.data / "ibdata1").read_text(encoding="utf-8"),
                         "rows of db-2.db-pods\n")

    def test_fails_without_a_mark_if_nobody_can_be_copied_from(self):
        done = self.run_script(DOWN="db-1.db-pods db-2.db-pods")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("nobody could be copied from", done.stdout)
        self.assertFalse((self.data / ".ratchet-seed").exists())

    def test_fails_without_a_mark_if_the_copy_does_not_end_well(self):
        done = self.run_script(COPY_ENDS="1")
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse((self.data / ".ratchet-seed").exists())

    def test_shows_no_password_and_quotes_it(self):
        self.run_script()
        log = self.logged()
        arguments = [line for line in log.splitlines() if line.startswith(("mysql ", "mysqld "))]
        self.assertGreater(len(arguments), 4)
        for line in arguments:
            self.assertNotIn("secret", line)
        self.assertIn("IDENTIFIED BY 'it\\'s a \\\\ \\'secret\\'' DATA DIRECTORY", log)
        self.assertIn('password="it\'s a \\\\ \'secret\'"', log)


if __name__ == "__main__":
    unittest.main()
