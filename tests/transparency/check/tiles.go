package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tileFiles reads the tiles of c2sp.org/tlog-tiles, whose paths leave out the height that
// sumdb/tlog writes: it is always 8.
type tileFiles struct{ dir string }

func (f tileFiles) path(tile tlog.Tile) string {
	return filepath.Join(f.dir, strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
}
func (f tileFiles) Height() int                     { return 8 }
func (f tileFiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (f tileFiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		bytes, err := os.ReadFile(f.path(tile))
		if err != nil {
			return nil, err
		}
		all = append(all, bytes)
	}
	return all, nil
}

// forgedTiles flips a bit of every tile.
type forgedTiles struct{ tileFiles }

func (f forgedTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	all, err := f.tileFiles.ReadTiles(tiles)
	for i := range all {
		all[i] = flipped(all[i], 5)
	}
	return all, err
}

// prunedIn: the records that the export names as pruned.
func prunedIn(dir string) map[int64]bool {
	pruned := map[int64]bool{}
	file := must(os.Open(filepath.Join(dir, "pruned")))
	defer file.Close()
	for in := bufio.NewScanner(file); in.Scan(); {
		first, last, isRange := strings.Cut(in.Text(), "-")
		if !isRange {
			last = first
		}
		for at := number(first); at <= number(last); at++ {
			pruned[int64(at)] = true
		}
	}
	return pruned
}

// entriesIn: the entries of one bundle.
func entriesIn(file string) [][]byte {
	var entries [][]byte
	for rest := must(os.ReadFile(file)); len(rest) > 0; {
		size := int(binary.BigEndian.Uint16(rest))
		entries = append(entries, rest[2:2+size])
		rest = rest[2+size:]
	}
	return entries
}

// tiles: every hash that the tiles hold is proven against the checkpoint's root, and every entry
// against its hash; exactly the entries that are named as pruned are empty.
func tiles(dir string, verifier note.Verifier) {
	tree := judgeCheckpoint(must(os.ReadFile(filepath.Join(dir, "checkpoint"))), verifier)
	root := tlog.Tree{N: int64(tree.Size), Hash: tlogHash(tree.Hash)}
	files := tileFiles{dir}
	pruned := prunedIn(dir)
	for first := int64(0); first < root.N; first += 256 {
		width := min(256, root.N-first)
		bundle := filepath.Join(dir, "tile/entries", strings.TrimPrefix(
			tlog.Tile{H: 8, L: 0, N: first / 256, W: int(width)}.Path(), "tile/8/0/"))
		entries := entriesIn(bundle)
		if int64(len(entries)) != width {
			fail("%s has %d entries, not %d", bundle, len(entries), width)
		}
		var at []int64
		for i := range entries {
			at = append(at, tlog.StoredHashIndex(0, first+int64(i)))
		}
		read := func(from tlog.TileReader) ([]tlog.Hash, error) {
			return tlog.TileHashReader(root, from).ReadHashes(at)
		}
		judge("tile", func() error { _, err := read(files); return err },
			func() error { _, err := read(forgedTiles{files}); return err })
		for i, hash := range must(read(files)) {
			index := first + int64(i)
			if pruned[index] != (len(entries[i]) == 0) {
				fail("entry %d has %d bytes, pruned: %v", index, len(entries[i]), pruned[index])
			}
			if !pruned[index] && tlog.RecordHash(entries[i]) != hash {
				fail("entry %d is not the record of its hash", index)
			}
		}
	}
	fmt.Printf("records=%d pruned=%d ", tree.Size, len(pruned))
}
