package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReady(t *testing.T) {
	status := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/readyz", r.URL.Path)
		w.WriteHeader(status)
		fmt.Fprintln(w, `{"ready":false,"checks":{"redis":"gone"}}`)
	}))
	defer s.Close()
	addr := s.Listener.Addr().String()
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	require.NoError(t, ready(t.Context(), addr))
	require.NoError(t, ready(t.Context(), ":"+port), "listens everywhere")
	require.NoError(t, ready(t.Context(), "0.0.0.0:"+port), "listens everywhere")
	status = http.StatusServiceUnavailable
	require.ErrorContains(t, ready(t.Context(), addr), `not ready: {"ready":false,"checks":{"redis":"gone"}}`)
	require.ErrorContains(t, ready(t.Context(), "off"), "admin.listen is off")
	s.Close()
	require.ErrorContains(t, ready(t.Context(), addr), "refused")
}

// The command asks the server that the configuration names, and its exit code is the answer.
func TestReadyCommand(t *testing.T) {
	p := newPlace(t)
	out, err := p.run("ready")
	require.Error(t, err)
	require.Contains(t, out, "refused")
	s := p.serve()
	p.must("ready")
	s.end(t, syscall.SIGTERM)
	_, err = p.run("ready")
	require.Error(t, err)
}
