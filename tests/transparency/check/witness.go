package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// witness speaks c2sp.org/tlog-witness for one log. Parsing, proofs and signatures are not ours.
type witness struct {
	mutex  sync.Mutex
	log    note.Verifier
	signer *fnote.Signer
	latest *log.Checkpoint
}

type refusal struct {
	status int
	why    string
}

func (w *witness) add(body string) (string, *refusal) {
	old, hashes, text, err := addCheckpoint(body)
	if err != nil {
		return "", &refusal{http.StatusBadRequest, err.Error()}
	}
	if origin, _, _ := strings.Cut(string(text), "\n"); origin != w.log.Name() {
		return "", &refusal{http.StatusNotFound, "unknown log " + origin}
	}
	checkpoint, err := open(text, w.log)
	if err != nil {
		return "", &refusal{http.StatusForbidden, err.Error()}
	}
	if old > checkpoint.Size {
		return "", &refusal{http.StatusBadRequest, "old is above the size"}
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.latest != nil && w.latest.Size != old || w.latest == nil && old != 0 {
		return "", &refusal{http.StatusConflict, fmt.Sprint(w.size())}
	}
	if old == checkpoint.Size && w.latest != nil && string(w.latest.Hash) != string(checkpoint.Hash) {
		return "", &refusal{http.StatusConflict, fmt.Sprint(w.size())}
	}
	if old > 0 && old < checkpoint.Size {
		err = consistency(old, checkpoint.Size, hashes, w.latest.Hash, checkpoint.Hash)
	} else if len(hashes) > 0 {
		err = errors.New("a proof where none is needed")
	}
	if err != nil {
		return "", &refusal{http.StatusUnprocessableEntity, err.Error()}
	}
	cosignature, err := w.cosign(text)
	if err != nil {
		return "", &refusal{http.StatusInternalServerError, err.Error()}
	}
	w.latest = checkpoint
	return cosignature, nil
}

func (w *witness) size() uint64 {
	if w.latest == nil {
		return 0
	}
	return w.latest.Size
}

func (w *witness) cosign(text []byte) (string, error) {
	opened, err := note.Open(text, note.VerifierList(w.log))
	if err != nil {
		return "", err
	}
	signed, err := note.Sign(&note.Note{Text: opened.Text}, w.signer)
	if err != nil {
		return "", err
	}
	_, lines, _ := strings.Cut(string(signed), "\n\n")
	return lines, nil
}

func (w *witness) ServeHTTP(out http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, 64<<10))
	if err != nil || request.Method != "POST" || request.URL.Path != "/a/prefix/add-checkpoint" {
		http.Error(out, "not add-checkpoint", http.StatusNotFound)
		return
	}
	cosignature, no := w.add(string(body))
	if no != nil {
		if no.status == http.StatusConflict {
			out.Header().Set("Content-Type", "text/x.tlog.size")
		}
		out.WriteHeader(no.status)
		fmt.Fprintln(out, no.why)
		return
	}
	fmt.Fprint(out, cosignature)
}

// serveWitness prints the URL, its key as formats/note reads it and as c2sp.org/tlog-witness writes
// it, a line each, and serves until standard input
// ends: it cannot outlive the test that started it.
func serveWitness(log note.Verifier) {
	private, public, err := note.GenerateKey(rand.Reader, "witness.example")
	if err != nil {
		fail("%v", err)
	}
	w := &witness{log: log, signer: must(fnote.NewSignerForCosignatureV1(private))}
	_, key64, _ := strings.Cut(public[len("witness.example+"):], "+")
	key := must(base64.StdEncoding.DecodeString(key64))
	key[0] = 4 // of the type that signs cosignatures
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	go http.Serve(listener, w)
	fmt.Printf("http://%s/a/prefix\n%s\n%s+%08x+%s\n", listener.Addr(), public,
		w.signer.Name(), w.signer.KeyHash(), base64.StdEncoding.EncodeToString(key))
	io.Copy(io.Discard, os.Stdin)
}
