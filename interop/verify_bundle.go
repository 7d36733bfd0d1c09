// go run verify_bundle.go BUNDLE CHECKPOINT VKEY: x/mod's note opens the checkpoint, its tlog judges every entry.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type line struct {
	Entry json.RawMessage
	Index int64
	Proof []string
}

func read(name string) []byte {
	content, err := os.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	return content
}

func main() {
	log.SetFlags(0)
	verifier, err := note.NewVerifier(string(bytes.TrimSpace(read(os.Args[3]))))
	if err != nil {
		log.Fatal(err)
	}
	opened, err := note.Open(read(os.Args[2]), note.VerifierList(verifier))
	if err != nil {
		log.Fatal(err)
	}
	var origin, root64 string
	var size int64
	if _, err = fmt.Sscanf(opened.Text, "%s\n%d\n%s\n", &origin, &size, &root64); err != nil || origin != verifier.Name() {
		log.Fatal("this is no checkpoint of that log")
	}
	root, err := tlog.ParseHash(root64)
	if err != nil {
		log.Fatal(err)
	}
	file, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	count, stored := int64(0), []tlog.Hash{}
	reader := tlog.HashReaderFunc(func(at []int64) (found []tlog.Hash, _ error) {
		for _, one := range at {
			found = append(found, stored[one])
		}
		return found, nil
	})
	for lines.Scan() {
		if !bytes.HasPrefix(lines.Bytes(), []byte(`{"entry":`)) {
			continue // the first and the last line
		}
		var one line
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			log.Fatal(err)
		}
		if one.Proof == nil { // all entries are there: build the tree
			hashes, err := tlog.StoredHashes(count, one.Entry, reader)
			if err != nil {
				log.Fatal(err)
			}
			stored = append(stored, hashes...)
		} else { // some entries are there, each with its proof
			path := make([]tlog.Hash, len(one.Proof))
			for n, text := range one.Proof {
				raw, err := base64.StdEncoding.DecodeString(text)
				if err != nil || copy(path[n][:], raw) != tlog.HashSize {
					log.Fatalf("a proof of entry %d is damaged", one.Index)
				}
			}
			if err := tlog.CheckRecord(path, size, root, one.Index, tlog.RecordHash(one.Entry)); err != nil {
				log.Fatalf("entry %d: %v", one.Index, err)
			}
		}
		count++
	}
	if len(stored) > 0 {
		if count < size {
			log.Fatalf("only %d entries, but the checkpoint has %d", count, size)
		}
		if found, err := tlog.TreeHash(size, reader); err != nil || found != root {
			log.Fatalf("the first %d entries do not give the checkpoint's root", size)
		}
	}
	fmt.Printf("Go opens the checkpoint of %s and finds %d entries under it\n", origin, count)
}
