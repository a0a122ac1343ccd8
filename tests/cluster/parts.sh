# Where the parts of the test cluster are, and what this machine offers to make them. Sourced by
# tools/setup and by the scripts of tests/cluster; needs bash, defines functions only, changes
# nothing.

cluster_src=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ratchet_cache=${RATCHET_CACHE:-${HOME:-/root}/.cache/ratchet}
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# recipe_key FILE…: short hash of the files' contents. What is made from a recipe is kept under its
# key, so a changed recipe is made anew and an old checkout still finds its own.
recipe_key() { cat -- "$@" | sha256sum | cut -c1-12; }

# kube_dir: folder of the Kubernetes and CoreDNS programs for this checkout's recipe; exists only
# complete.
kube_dir() {
  local s=$cluster_src
  printf '%s/kube/%s\n' "$ratchet_cache" \
    "$(recipe_key "$s"/kube/{build,go.mod,go.sum,main.go} "$s"/coredns/{go.mod,go.sum,main.go})"
}

# image_index: the table that images/build writes (name, suite, version, reference, rootfs, tar;
# paths relative to the cache).
image_index() { printf '%s/images/index.tsv\n' "$ratchet_cache"; }

# debian_suites: "SUITE URI" of every package source that apt has, whatever format declares it.
debian_suites() {
  # shellcheck disable=SC2016  # apt expands these
  apt-get indextargets --format '$(RELEASE) $(REPO_URI) $(COMPONENT)' 'Created-By: Packages' \
    | awk '$3 == "main" { print $1, $2 }' | sort -u
}

# debian_mirror: URI of the mirror from which this machine takes its own Debian release; fails if
# none.
debian_mirror() {
  local uri suite
  suite=$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME") || return 1
  uri=$(debian_suites | awk -v suite="$suite" '$1 == suite { print $2; exit }')
  [ -n "$uri" ] && printf '%s\n' "$uri"
}

# debian_security_mirror: URI of the security suites; beside the release's where apt has none.
debian_security_mirror() {
  local uri
  uri=$(debian_suites | awk '$1 ~ /-security$/ { print $2; exit }')
  [ -n "$uri" ] || uri=$(debian_mirror | sed 's#/debian/*$#/debian-security#') || return 1
  [ -n "$uri" ] && printf '%s\n' "$uri"
}

# find_go: a Go of at least 1.23: the machine's own, or the distribution's versioned package.
find_go() {
  local go version
  for go in "$(command -v go || true)" /usr/lib/go-*/bin/go; do
    [ -x "$go" ] || continue
    version=$("$go" env GOVERSION 2> /dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
    if [ "${version:-0}" -ge 23 ]; then printf '%s\n' "$go"; return 0; fi
  done
  return 1
}

# go_caches: keeps what Go fetches and builds for tests/transparency outside the checkout, and Go to
# the version that is installed.
go_caches() {
  export GOMODCACHE=$ratchet_cache/go/modules GOCACHE=$ratchet_cache/go/build
  export GOTOOLCHAIN=local GOFLAGS=-modcacherw CGO_ENABLED=0
}
