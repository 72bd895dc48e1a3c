package docfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const (
	// pdfRest is how long PDFium is kept when nobody has a file for it.
	pdfRest = time.Minute
	// pdfMemory is how much memory a sandbox may use. Room for it is taken at once: what grows is copied, and what was copied waits for
	// the garbage collector.
	pdfMemory = 128 << 20
	// pdfHead is how far from its beginning a file may say that it is a PDF.
	pdfHead = 1024
	// MaxPDFPages is how many pages a PDF may have.
	MaxPDFPages = 2000
)

// What is wrong with a file.
var (
	ErrBroken    = errors.New("the file is broken, or not of this kind")
	ErrProtected = errors.New("the file is protected by a password")
	ErrTooLong   = errors.New("there is more text in the file than a document may have")
	ErrTooSlow   = errors.New("reading the file took too long")
	ErrNoText    = errors.New("there is no text in the file, only pictures of it perhaps")
	ErrBusy      = errors.New("other files are being read")
)

// PDFs reads PDF files, one at a time. The zero value is ready. Safe for concurrent use.
type PDFs struct {
	turn sync.Mutex // held while a file is read
	pool pdfium.Pool
	made wazero.CompilationCache // what was made of PDFium's code: it takes seconds
	rest *time.Timer

	queue queue
}

// Read returns the text of a PDF, paragraph by paragraph, without the lines that stand on most pages at the top or the bottom. No
// more than most bytes may come out. The error is one of this package's; ErrBusy if ctx ends, or patience, while other files are read.
func (p *PDFs) Read(ctx context.Context, file []byte, most int) (string, error) {
	if !bytes.Contains(file[:min(len(file), pdfHead)], []byte("%PDF-")) {
		return "", ErrBroken
	}
	done, err := p.queue.wait(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	p.turn.Lock()
	defer p.turn.Unlock()
	if p.rest != nil {
		p.rest.Stop()
	}
	if p.pool == nil {
		if p.made == nil {
			p.made = wazero.NewCompilationCache()
		}
		pool, err := webassembly.Init(webassembly.Config{
			Context: experimental.WithMemoryAllocator(context.Background(), experimental.MemoryAllocatorFunc(newMemory)),
			MaxIdle: 1, MaxTotal: 1, Stdout: io.Discard, Stderr: io.Discard, FSConfig: wazero.NewFSConfig(),
			RuntimeConfig: wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
				WithMemoryLimitPages(pdfMemory >> 16).WithCloseOnContextDone(true).WithCompilationCache(p.made),
		})
		if err != nil {
			return "", fmt.Errorf("docfile: PDFium does not start: %w", err)
		}
		p.pool = pool // each file gets a sandbox of its own in it
	}
	p.rest = time.AfterFunc(pdfRest, p.Close)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	text, err := p.read(ctx, file, most)
	if errors.Is(err, ErrTooSlow) { // it was stopped anywhere
		p.stop()
	}
	return text, err
}

// Close lets PDFium go. A later Read starts it again.
func (p *PDFs) Close() {
	p.turn.Lock()
	defer p.turn.Unlock()
	if p.rest != nil {
		p.rest.Stop()
	}
	p.stop()
	if p.made != nil {
		_ = p.made.Close(context.Background())
		p.made = nil
	}
}

func (p *PDFs) stop() {
	if p.pool != nil {
		_ = p.pool.Close()
		p.pool = nil
	}
}

func (p *PDFs) read(ctx context.Context, file []byte, most int) (text string, err error) {
	in, err := p.pool.GetInstanceWithContext(ctx)
	if err != nil {
		return "", fmt.Errorf("docfile: PDFium does not start: %w", err)
	}
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = in.Kill()
		close(killed)
	})
	defer func() {
		if !stop() {
			<-killed
			text, err = "", ErrTooSlow
			return
		}
		_ = in.Close()
	}()
	doc, err := in.OpenDocument(&requests.OpenDocument{File: &file})
	switch {
	case err != nil && strings.Contains(err.Error(), "password"):
		return "", ErrProtected
	case err != nil:
		return "", ErrBroken
	}
	n, err := in.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil {
		return "", ErrBroken
	}
	if n.PageCount > MaxPDFPages {
		return "", fmt.Errorf("%w: it has %d pages, and may have %d", ErrTooLong, n.PageCount, MaxPDFPages)
	}
	pages, left := make([]string, 0, n.PageCount), 2*most // what is left out of it may be as much
	for i := range n.PageCount {
		page, err := pageText(in, doc.Document, i)
		if ctx.Err() != nil {
			return "", ErrTooSlow
		}
		if err != nil {
			return "", fmt.Errorf("%w (page %d)", ErrBroken, i+1)
		}
		if left -= len(page); left < 0 {
			return "", ErrTooLong
		}
		pages = append(pages, page)
	}
	switch text = flow(pages); {
	case text == "":
		return "", ErrNoText
	case len(text) > most:
		return "", ErrTooLong
	}
	return text, nil
}

// memory is a sandbox's: the system gives its pages when they are written to.
type memory struct{ room []byte }

func newMemory(_, _ uint64) experimental.LinearMemory { return &memory{make([]byte, 0, pdfMemory)} }

// Reallocate implements experimental.LinearMemory.
func (m *memory) Reallocate(size uint64) []byte {
	if size > uint64(cap(m.room)) {
		return nil
	}
	return m.room[:size]
}

// Free implements experimental.LinearMemory.
func (m *memory) Free() { m.room = nil }

func pageText(in pdfium.Pdfium, doc references.FPDF_DOCUMENT, i int) (string, error) {
	page, err := in.GetPageText(&requests.GetPageText{Page: requests.Page{ByIndex: &requests.PageByIndex{Document: doc, Index: i}}})
	if err != nil {
		return "", err
	}
	return page.Text, nil
}
