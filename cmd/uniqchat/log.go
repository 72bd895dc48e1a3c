package main

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"github.com/uniqchat/uniqchat/cmd/uniqchat/config"
)

// newLogger returns the program's logger: coloured text on a terminal, JSON otherwise. level may change while it is in use.
func newLogger(w io.Writer, c config.Log, level *slog.LevelVar) *slog.Logger {
	setLevel(level, c.Level)
	f, isFile := w.(*os.File)
	if c.Format == "text" || c.Format == "auto" && isFile && term.IsTerminal(int(f.Fd())) {
		return slog.New(tint.NewTextHandler(w, &tint.Options{
			Level: level, TimeFormat: time.TimeOnly, NoColor: !isFile || !term.IsTerminal(int(f.Fd())),
		}))
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

func setLevel(level *slog.LevelVar, name string) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(name)); err == nil { // validated before
		level.Set(l)
	}
}
