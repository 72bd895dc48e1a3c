// Package docfile makes texts of the files that word processors write, so that they can be looked for: PDF, and DOCX.
//
// A file comes from a stranger. A PDF is read by PDFium in a WebAssembly sandbox without files, clock or network, whose memory and
// time are bounded; a DOCX is a stream of XML, and how much of it is unpacked, how many elements it has and how long that takes are, too.
// What only a picture shows is not read: there is no character recognition.
//
// The package reads bytes and returns text. It keeps nothing, and opens no file or connection.
package docfile
