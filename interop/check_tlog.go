// Asks Go's x/mod sumdb packages about our proofs (tlog) and our checkpoints (note).
// Usage: go run check_tlog.go VECTORS CHECKPOINTS, both JSON lines.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type vector struct {
	Kind  string
	Valid bool
	Index int64
	Size  int64
	First string
	Root  string
	Proof []string
}

type checkpoint struct {
	Valid bool
	Note  string
	Vkey  string
}

func hash(text string) (made tlog.Hash) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(made) {
		panic("a hash is damaged: " + text)
	}
	copy(made[:], raw)
	return made
}

func lines(name string, each func([]byte)) {
	file, err := os.Open(name)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		each(scanner.Bytes())
	}
	if scanner.Err() != nil {
		panic(scanner.Err())
	}
}

func main() {
	wrong, proofs, notes := 0, 0, 0
	lines(os.Args[1], func(line []byte) {
		var one vector
		if err := json.Unmarshal(line, &one); err != nil {
			panic(err)
		}
		var path []tlog.Hash
		for _, text := range one.Proof {
			path = append(path, hash(text))
		}
		var err error
		if one.Kind == "inclusion" {
			err = tlog.CheckRecord(path, one.Size, hash(one.Root), one.Index, hash(one.First))
		} else {
			err = tlog.CheckTree(path, one.Size, hash(one.Root), one.Index, hash(one.First))
		}
		proofs++
		if (err == nil) != one.Valid {
			wrong++
			fmt.Println("tlog disagrees:", err, string(line))
		}
	})
	lines(os.Args[2], func(line []byte) {
		var one checkpoint
		if err := json.Unmarshal(line, &one); err != nil {
			panic(err)
		}
		notes++
		verifier, err := note.NewVerifier(one.Vkey)
		if err == nil {
			_, err = note.Open([]byte(one.Note), note.VerifierList(verifier))
		}
		if (err == nil) != one.Valid {
			wrong++
			fmt.Println("note disagrees:", err, string(line))
		}
	})
	fmt.Printf("%d proofs, half of them altered, and %d checkpoints, one whole; %d wrong\n", proofs, notes, wrong)
	if wrong > 0 || proofs == 0 || notes == 0 {
		os.Exit(1)
	}
}
