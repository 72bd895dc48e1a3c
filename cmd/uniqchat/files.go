package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/outbound/files"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// openFiles opens what keeps the files that are sent up, and makes the directory that they wait in while they come in.
func (p *process) openFiles(ctx context.Context, keys *seal.Keyring) (chat.Files, func(), error) {
	if err := os.MkdirAll(p.tempDir(), 0o700); err != nil {
		return nil, nil, fmt.Errorf("data_dir: %w", err)
	}
	store := p.cfg.Uploads.Store
	f, err := files.Open(ctx, store)
	if err != nil {
		return nil, nil, fmt.Errorf("uploads.store: %w", err)
	}
	if !strings.HasPrefix(store, files.Scheme) && !strings.HasPrefix(p.cfg.Storage.URL, "sqlite:") {
		p.logger.Info("files are kept in a directory; every node of the cluster must see the same one", "uploads.store", store)
	}
	return seal.NewFiles(f, keys), func() {
		if c, ok := f.(io.Closer); ok {
			_ = c.Close() // nothing is written any more
		}
	}, nil
}

// tempDir is where files are while they come in: not in /tmp, which may be memory or missing.
func (p *process) tempDir() string { return filepath.Join(p.cfg.DataDir, "tmp") }
