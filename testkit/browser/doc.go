// Package browser drives a headless Chromium for tests: pages with a language, a colour scheme and a size of their own,
// elements found through shadow roots by their data-testid, real clicks and keys, screenshots.
//
// It owns the browser process and its profile. It never talks to anything but the pages that a test opens.
package browser
