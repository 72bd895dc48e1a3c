package media

import (
	"bytes"
	"encoding/binary"
	"io"
)

// Bounds of what an archive says that it unpacks to. Nothing is unpacked here; people do that with what they were sent.
const (
	mostEntries  = 20_000
	mostUnpacked = 1 << 30
	mostRatio    = 200
	smallEnough  = 100 << 20 // no ratio is asked of what unpacks to less
	mostComment  = 1 << 16
)

var errBomb = errorf("archive_bomb", "the archive unpacks to too much")

// checkArchive reads a ZIP's directory (APPNOTE.TXT 4.3.12 to 4.3.16), entry by entry, and adds up what the entries unpack to.
func checkArchive(f io.ReaderAt, size int64) error {
	errBroken := errorf("file_broken", "the archive's directory can't be read")
	tail := make([]byte, min(size, 22+mostComment))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF { //nolint:errorlint // ReaderAt's own
		return err
	}
	end := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if end < 0 || len(tail)-end < 22 {
		return errBroken
	}
	entries := int64(binary.LittleEndian.Uint16(tail[end+10:]))
	length, offset := int64(binary.LittleEndian.Uint32(tail[end+12:])), int64(binary.LittleEndian.Uint32(tail[end+16:]))
	switch {
	case entries == 0xffff || offset == 0xffffffff: // ZIP64: nothing of the size that is taken here needs it
		return errBomb
	case entries > mostEntries:
		return errBomb
	case offset+length > size:
		return errBroken
	}
	r := io.NewSectionReader(f, offset, length)
	var head [46]byte
	var unpacked int64
	for at := int64(0); entries > 0; entries-- {
		if _, err := r.ReadAt(head[:], at); err != nil || !bytes.HasPrefix(head[:], []byte("PK\x01\x02")) {
			return errBroken
		}
		one := int64(binary.LittleEndian.Uint32(head[24:]))
		if unpacked += one; one == 0xffffffff || unpacked > mostUnpacked || unpacked > smallEnough && unpacked/size > mostRatio {
			return errBomb
		}
		for _, field := range []int{28, 30, 32} { // name, extra, comment
			at += int64(binary.LittleEndian.Uint16(head[field:]))
		}
		at += 46
	}
	return nil
}
