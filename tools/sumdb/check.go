// Check what Holdfast exports with the packages that check Go's own checksum database:
// golang.org/x/mod/sumdb/note for the signature, golang.org/x/mod/sumdb/tlog for hashes, tiles and proofs.
//
//	check KEY BUNDLE|PROOF...
//
// KEY is the log's verifier key, name+id+base64. BUNDLE is a directory that `holdfast log export` wrote, PROOF a file
// that `holdfast log prove` printed. Prints what was checked; exits 1 at the first thing that is not so.
//
// The formats are those of C2SP. They differ from Go's in three places, and adapting them is all that is done here by
// hand: the first line of a checkpoint, where tiles lie, and how entries lie in theirs.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height      = 8 // of a tile: 256 hashes
	treeHeading = "go.sum database tree\n"
	proofHead   = "c2sp.org/tlog-proof@v1"
)

func main() {
	if len(os.Args) < 3 {
		fail(2, errors.New("usage: check KEY BUNDLE|PROOF..."))
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(os.Args[1]))
	if err != nil {
		fail(2, err)
	}
	for _, path := range os.Args[2:] {
		check := checkProof
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			check = checkBundle
		}
		said, err := check(path, verifier)
		if err != nil {
			fail(1, fmt.Errorf("%s: %w", path, err))
		}
		fmt.Printf("checked: %s: %s\n", path, said)
	}
}

func fail(status int, err error) {
	fmt.Println("PROBLEM:", err)
	os.Exit(status)
}

// openCheckpoint verifies a checkpoint and returns its tree. C2SP begins it with the log's origin, Go with a fixed line.
func openCheckpoint(text []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	origin := verifier.Name() + "\n"
	if !strings.HasPrefix(opened.Text, origin) {
		return tlog.Tree{}, errors.New("the checkpoint is of another log than the key")
	}
	return tlog.ParseTree([]byte(treeHeading + strings.TrimPrefix(opened.Text, origin)))
}

// tiles reads a bundle's tiles. C2SP leaves the height out of their paths and says "entries" where Go says "data".
type tiles struct{ directory string }

func (t tiles) Height() int { return height }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		path = strings.Replace(path, "tile/data/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(t.directory, path))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

// splitEntries returns the entries of one tile: C2SP puts the length before each, as uint16 in network order.
func splitEntries(data []byte) ([][]byte, error) {
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, errors.New("an entry runs over the end of its tile")
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	return entries, nil
}

// checkBundle checks the signature, every hash tile up to the signed root, and every entry against the tiles.
func checkBundle(directory string, verifier note.Verifier) (string, error) {
	text, err := os.ReadFile(filepath.Join(directory, "checkpoint"))
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint(text, verifier)
	if err != nil {
		return "", err
	}
	reader := tiles{directory}
	hashes := tlog.TileHashReader(tree, reader)
	for first := int64(0); first < tree.N; first += 1 << height {
		width := tree.N - first
		if width > 1<<height {
			width = 1 << height
		}
		data, err := reader.ReadTiles([]tlog.Tile{{H: height, L: -1, N: first >> height, W: int(width)}})
		if err != nil {
			return "", err
		}
		entries, err := splitEntries(data[0])
		if err != nil {
			return "", err
		}
		if int64(len(entries)) != width {
			return "", fmt.Errorf("%d entries in a tile of %d", len(entries), width)
		}
		var indexes []int64
		for i := range entries {
			indexes = append(indexes, tlog.StoredHashIndex(0, first+int64(i)))
		}
		// This reads the tiles and holds them against the tree's hash before it returns anything out of them.
		leaves, err := hashes.ReadHashes(indexes)
		if err != nil {
			return "", err
		}
		for i, entry := range entries {
			if tlog.RecordHash(entry) != leaves[i] {
				return "", fmt.Errorf("entry %d is not what its tile says", first+int64(i))
			}
		}
	}
	return fmt.Sprintf("%d entries lead through their tiles to the root that %s signed", tree.N, verifier.Name()), nil
}

// extra is the application's line of a proof.
type extra struct {
	Entry string
	Since *struct {
		Checkpoint string
		Hashes     []string
	}
}

// checkProof checks that an entry is in the signed tree, and that this is the continuation of an older signed one.
func checkProof(path string, verifier note.Verifier) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	head, checkpoint, _ := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")
	if len(lines) < 3 || lines[0] != proofHead {
		return "", errors.New("not a tlog-proof with heading, extra and index")
	}
	tree, err := openCheckpoint([]byte(checkpoint), verifier)
	if err != nil {
		return "", err
	}
	var more extra
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(decoded, &more); err != nil {
		return "", err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return "", err
	}
	hashes, err := parseHashes(lines[3:])
	if err != nil {
		return "", err
	}
	if err := tlog.CheckRecord(hashes, tree.N, tree.Hash, index, tlog.RecordHash([]byte(more.Entry))); err != nil {
		return "", err
	}
	said := fmt.Sprintf("entry %d is in the tree of %d that %s signed", index, tree.N, verifier.Name())
	if more.Since == nil {
		return said, nil
	}
	older, err := openCheckpoint([]byte(more.Since.Checkpoint), verifier)
	if err != nil {
		return "", err
	}
	hashes, err = parseHashes(more.Since.Hashes)
	if err != nil {
		return "", err
	}
	if err := tlog.CheckTree(hashes, tree.N, tree.Hash, older.N, older.Hash); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, which begins with the signed tree of %d", said, older.N), nil
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}
