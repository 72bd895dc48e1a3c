package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/cloudwego/hertz/pkg/common/hlog"
)

// hertzLogger passes what Hertz has to say on to slog. Its notices are of interest to developers only, so they are Debug.
type hertzLogger struct{ to *slog.Logger }

var hertzLogOnce sync.Once

// useLogger makes Hertz log through slog. Hertz has one logger for the whole process: the first one stays.
func useLogger(l *slog.Logger) {
	hertzLogOnce.Do(func() {
		hlog.SetLogger(hertzLogger{l})
		hlog.SetSystemLogger(hertzLogger{l})
	})
}

func (h hertzLogger) log(level slog.Level, msg string) {
	h.to.Log(context.Background(), level, "hertz: "+msg)
}

func (h hertzLogger) say(level slog.Level, v []any) {
	if h.to.Enabled(context.Background(), level) {
		h.log(level, fmt.Sprint(v...))
	}
}

func (h hertzLogger) sayf(level slog.Level, format string, v []any) {
	if h.to.Enabled(context.Background(), level) {
		h.log(level, fmt.Sprintf(format, v...))
	}
}

func (h hertzLogger) Trace(v ...any)  { h.say(slog.LevelDebug, v) }
func (h hertzLogger) Debug(v ...any)  { h.say(slog.LevelDebug, v) }
func (h hertzLogger) Info(v ...any)   { h.say(slog.LevelDebug, v) }
func (h hertzLogger) Notice(v ...any) { h.say(slog.LevelDebug, v) }
func (h hertzLogger) Warn(v ...any)   { h.say(slog.LevelWarn, v) }
func (h hertzLogger) Error(v ...any)  { h.say(slog.LevelWarn, v) }
func (h hertzLogger) Fatal(v ...any)  { h.say(slog.LevelError, v) }

func (h hertzLogger) Tracef(f string, v ...any)  { h.sayf(slog.LevelDebug, f, v) }
func (h hertzLogger) Debugf(f string, v ...any)  { h.sayf(slog.LevelDebug, f, v) }
func (h hertzLogger) Infof(f string, v ...any)   { h.sayf(slog.LevelDebug, f, v) }
func (h hertzLogger) Noticef(f string, v ...any) { h.sayf(slog.LevelDebug, f, v) }
func (h hertzLogger) Warnf(f string, v ...any)   { h.sayf(slog.LevelWarn, f, v) }
func (h hertzLogger) Errorf(f string, v ...any)  { h.sayf(slog.LevelDebug, f, v) } // broken requests of clients
func (h hertzLogger) Fatalf(f string, v ...any)  { h.sayf(slog.LevelError, f, v) }

func (h hertzLogger) CtxTracef(_ context.Context, f string, v ...any)  { h.Tracef(f, v...) }
func (h hertzLogger) CtxDebugf(_ context.Context, f string, v ...any)  { h.Debugf(f, v...) }
func (h hertzLogger) CtxInfof(_ context.Context, f string, v ...any)   { h.Infof(f, v...) }
func (h hertzLogger) CtxNoticef(_ context.Context, f string, v ...any) { h.Noticef(f, v...) }
func (h hertzLogger) CtxWarnf(_ context.Context, f string, v ...any)   { h.Warnf(f, v...) }
func (h hertzLogger) CtxErrorf(_ context.Context, f string, v ...any)  { h.Errorf(f, v...) }
func (h hertzLogger) CtxFatalf(_ context.Context, f string, v ...any)  { h.Fatalf(f, v...) }

// SetLevel does nothing: slog decides.
func (h hertzLogger) SetLevel(hlog.Level) {}

// SetOutput does nothing: slog decides.
func (h hertzLogger) SetOutput(io.Writer) {}
