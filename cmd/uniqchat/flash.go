package main

import (
	"time"

	"github.com/uniqchat/uniqchat/cmd/uniqchat/config"
	"github.com/uniqchat/uniqchat/server"
	pressure "github.com/uniqchat/uniqchat/server/load"
)

// flash is how the node behaves when very many come at once.
func flash(f *config.Flash) server.Flash {
	least, _ := pressure.ParseLevel(f.LeaveOut) // it was validated
	return server.Flash{Load: pressure.Settings{At: time.Duration(f.At), Least: least}, Connects: f.Connects}
}
