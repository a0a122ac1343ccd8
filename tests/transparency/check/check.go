// check: lets implementations of the public formats that are not ours judge a log.
//
//	check stream              proofs as transparency_log prints them, on standard input
//	check proofs DIR KEY      the files of `ratchetctl prove RUN --dir DIR`
//	check extends OLD BODY KEY  the output of `ratchetctl prove --from OLD`
//	check tiles DIR KEY       the files of `ratchetctl export --tiles DIR`
//	check cosigned FILE KEY WITNESS   a checkpoint that the log and a witness signed
//	check witness KEY         is a witness (witness.go) until its standard input ends
//
// Every proof, root and signature is checked as it is, and again with one bit flipped: then it must
// be refused. Exit code 0 means that all of them were right and no forgery passed.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var hasher = rfc6962.DefaultHasher

// What was checked, and how many forgeries were refused.
var accepted, refused int

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "check: "+format+"\n", args...)
	os.Exit(1)
}

func must[T any](value T, err error) T {
	if err != nil {
		fail("%v", err)
	}
	return value
}

// judge: the honest claim must pass, and its forgery must not.
func judge(what string, honest, forged func() error) {
	if err := honest(); err != nil {
		fail("%s is refused: %v", what, err)
	}
	accepted++
	if forged() == nil {
		fail("%s: a forgery was accepted", what)
	}
	refused++
}

func flipped(in []byte, bit int) []byte {
	out := bytes.Clone(in)
	out[bit/8%len(out)] ^= 1 << (bit % 8)
	return out
}

func flippedIn(proof [][]byte, bit int) [][]byte {
	out := append([][]byte{}, proof...)
	out[bit%len(out)] = flipped(out[bit%len(out)], bit)
	return out
}

func tlogHash(in []byte) tlog.Hash { return tlog.Hash(in) }

func tlogHashes(in [][]byte) []tlog.Hash {
	out := []tlog.Hash{}
	for _, hash := range in {
		out = append(out, tlogHash(hash))
	}
	return out
}

// both: what two implementations say; the first error.
func both(a, b error) error {
	if (a == nil) != (b == nil) {
		fail("the implementations disagree: %v; %v", a, b)
	}
	return a
}

func inclusion(index, size uint64, leaf []byte, hashes [][]byte, root []byte) error {
	return both(
		proof.VerifyInclusion(hasher, index, size, leaf, hashes, root),
		tlog.CheckRecord(tlogHashes(hashes), int64(size), tlogHash(root), int64(index), tlogHash(leaf)))
}

func consistency(old, size uint64, hashes [][]byte, oldRoot, root []byte) error {
	return both(
		proof.VerifyConsistency(hasher, old, size, hashes, oldRoot, root),
		tlog.CheckTree(tlogHashes(hashes), int64(size), tlogHash(root), int64(old), tlogHash(oldRoot)))
}

func judgeInclusion(index, size uint64, leaf []byte, hashes [][]byte, root []byte) {
	what := fmt.Sprintf("inclusion of record %d in %d", index, size)
	honest := func() error { return inclusion(index, size, leaf, hashes, root) }
	bit := accepted
	judge(what, honest, func() error { return inclusion(index, size, flipped(leaf, bit), hashes, root) })
	judge(what, honest, func() error { return inclusion(index, size, leaf, hashes, flipped(root, bit)) })
	if len(hashes) > 0 {
		judge(what, honest, func() error {
			return inclusion(index, size, leaf, flippedIn(hashes, bit), root)
		})
	}
}

func judgeConsistency(old, size uint64, hashes [][]byte, oldRoot, root []byte) {
	what := fmt.Sprintf("consistency of %d and %d", old, size)
	honest := func() error { return consistency(old, size, hashes, oldRoot, root) }
	bit := accepted
	judge(what, honest, func() error {
		return consistency(old, size, hashes, flipped(oldRoot, bit), root)
	})
	judge(what, honest, func() error {
		return consistency(old, size, hashes, oldRoot, flipped(root, bit))
	})
	if len(hashes) > 0 {
		judge(what, honest, func() error {
			return consistency(old, size, flippedIn(hashes, bit), oldRoot, root)
		})
	}
}

func open(text []byte, verifier note.Verifier, others ...note.Verifier) (*log.Checkpoint, error) {
	origin, _, _ := strings.Cut(string(text), "\n")
	checkpoint, _, opened, err := log.ParseCheckpoint(text, origin, verifier, others...)
	if err == nil && len(opened.Sigs) != 1+len(others) {
		err = fmt.Errorf("%d of %d signatures are good", len(opened.Sigs), 1+len(others))
	}
	return checkpoint, err
}

// judgeCheckpoint: signed by all of the keys; a flipped bit in text or signature is refused.
func judgeCheckpoint(text []byte, key note.Verifier, others ...note.Verifier) *log.Checkpoint {
	honest := func() error { _, err := open(text, key, others...); return err }
	last := bytes.LastIndexByte(bytes.TrimSpace(text), ' ')
	for _, at := range []int{bytes.IndexByte(text, '\n') + 1, last + 12} {
		judge("checkpoint", honest, func() error {
			_, err := open(flipped(text, 8*at), key, others...)
			return err
		})
	}
	return must(open(text, key, others...))
}

func decode(words []string) [][]byte {
	out := [][]byte{}
	for _, word := range words {
		out = append(out, must(base64.StdEncoding.DecodeString(word)))
	}
	return out
}

func number(word string) uint64 { return must(strconv.ParseUint(word, 10, 64)) }

// stream: "key K", then "record BASE64" of every record, then per tree "tree NOTE" and its
// "inclusion INDEX HASH…" and "consistency SIZE ROOT HASH…". The root of each tree, and of each
// older one, is computed from the records here.
func stream() {
	var verifier note.Verifier
	var tree *log.Checkpoint
	var leaves [][]byte
	trees := 0
	factory := compact.RangeFactory{Hash: hasher.HashChildren}
	growing := factory.NewEmptyRange(0)
	rootOf := map[uint64][]byte{}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		words := strings.Fields(in.Text())
		switch words[0] {
		case "key":
			verifier = must(note.NewVerifier(words[1]))
		case "record":
			leaf := hasher.HashLeaf(decode(words[1:])[0])
			leaves = append(leaves, leaf)
			if err := growing.Append(leaf, nil); err != nil {
				fail("%v", err)
			}
			rootOf[uint64(len(leaves))] = must(growing.GetRootHash(nil))
		case "tree":
			tree = judgeCheckpoint(decode(words[1:])[0], verifier)
			trees++
			if !bytes.Equal(tree.Hash, rootOf[tree.Size]) {
				fail("the root of size %d is not that of its records", tree.Size)
			}
		case "inclusion":
			index := number(words[1])
			judgeInclusion(index, tree.Size, leaves[index], decode(words[2:]), tree.Hash)
		case "consistency":
			old := number(words[1])
			hashes := decode(words[2:])
			if !bytes.Equal(hashes[0], rootOf[old]) {
				fail("the root of size %d is not that of its records", old)
			}
			judgeConsistency(old, tree.Size, hashes[1:], hashes[0], tree.Hash)
		}
	}
	if err := in.Err(); err != nil || trees == 0 {
		fail("no whole stream: %d trees, %v", trees, err)
	}
	fmt.Printf("records=%d trees=%d ", len(leaves), trees)
}

// tlogProof reads c2sp.org/tlog-proof: index, hashes, checkpoint.
func tlogProof(text string) (uint64, [][]byte, []byte) {
	head, checkpoint, found := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" ||
		!strings.HasPrefix(lines[1], "index ") {
		fail("not a tlog-proof: %q", text)
	}
	return number(lines[1][len("index "):]), decode(lines[2:]), []byte(checkpoint)
}

func proofs(dir string, verifier note.Verifier) {
	files := must(filepath.Glob(filepath.Join(dir, "*.tlog-proof")))
	for _, file := range files {
		index, hashes, text := tlogProof(string(must(os.ReadFile(file))))
		record := must(os.ReadFile(strings.TrimSuffix(file, ".tlog-proof") + ".record"))
		tree := judgeCheckpoint(text, verifier)
		judgeInclusion(index, tree.Size, hasher.HashLeaf(record), hashes, tree.Hash)
	}
	if len(files) == 0 {
		fail("no proofs in %s", dir)
	}
	fmt.Printf("files=%d ", len(files))
}

// addCheckpoint reads the body of an add-checkpoint request.
func addCheckpoint(body string) (old uint64, hashes [][]byte, checkpoint []byte, err error) {
	head, rest, found := strings.Cut(body, "\n\n")
	lines := strings.Split(head, "\n")
	size, isOld := strings.CutPrefix(lines[0], "old ")
	old, err = strconv.ParseUint(size, 10, 64)
	if !found || !isOld || err != nil || len(lines) > 64 {
		return 0, nil, nil, fmt.Errorf("not an add-checkpoint request")
	}
	for _, line := range lines[1:] {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(hash) != 32 {
			return 0, nil, nil, fmt.Errorf("not a hash: %q", line)
		}
		hashes = append(hashes, hash)
	}
	return old, hashes, []byte(rest), nil
}

func extends(oldFile, bodyFile string, verifier note.Verifier) {
	older := judgeCheckpoint(must(os.ReadFile(oldFile)), verifier)
	old, hashes, text, err := addCheckpoint(string(must(os.ReadFile(bodyFile))))
	if err != nil || old != older.Size {
		fail("%s: %v; old %d, not %d", bodyFile, err, old, older.Size)
	}
	tree := judgeCheckpoint(text, verifier)
	judgeConsistency(old, tree.Size, hashes, older.Hash, tree.Hash)
}

func cosigned(file string, verifier note.Verifier, witness string) {
	judgeCheckpoint(must(os.ReadFile(file)), verifier, must(fnote.NewVerifierForCosignatureV1(witness)))
}

func main() {
	args := os.Args[1:]
	verifier := func(at int) note.Verifier { return must(note.NewVerifier(args[at])) }
	switch {
	case len(args) == 1 && args[0] == "stream":
		stream()
	case len(args) == 3 && args[0] == "proofs":
		proofs(args[1], verifier(2))
	case len(args) == 4 && args[0] == "extends":
		extends(args[1], args[2], verifier(3))
	case len(args) == 3 && args[0] == "tiles":
		tiles(args[1], verifier(2))
	case len(args) == 4 && args[0] == "cosigned":
		cosigned(args[1], verifier(2), args[3])
	case len(args) == 2 && args[0] == "witness":
		serveWitness(verifier(1))
		return
	default:
		fail("usage: see check.go")
	}
	fmt.Printf("%s: accepted=%d forgeries_refused=%d\n", args[0], accepted, refused)
}
