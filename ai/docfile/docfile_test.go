package docfile_test

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/ai/docfile"
)

// pdfs is shared: PDFium takes seconds to start.
var pdfs docfile.PDFs

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) { pdfs.Close(); os.Exit(code) }))
}

// makePDF writes a PDF with a page for each stream of drawing operators (ISO 32000-1, 7.5). F1 is Helvetica, F2 a Chinese font that
// is named, not embedded. extra goes into the trailer.
func makePDF(extra string, streams ...string) []byte {
	var b bytes.Buffer
	var at []int
	object := func(format string, args ...any) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n"+format+"\nendobj\n", append([]any{len(at)}, args...)...)
	}
	kids := make([]string, len(streams))
	for i := range streams {
		kids[i] = fmt.Sprintf("%d 0 R", 7+2*i)
	}
	b.WriteString("%PDF-1.7\n")
	object("<</Type/Catalog/Pages 2 0 R>>")
	object("<</Type/Pages/Kids[%s]/Count %d/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R/F2 4 0 R>>>>>>", strings.Join(kids, " "), len(streams))
	object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
	object("<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[5 0 R]>>")
	object("<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>/FontDescriptor 6 0 R>>")
	object("<</Type/FontDescriptor/FontName/STSong-Light/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>")
	for i, s := range streams {
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		_, _ = w.Write([]byte(s))
		_ = w.Close()
		object("<</Type/Page/Parent 2 0 R/Contents %d 0 R>>", 8+2*i)
		object("<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream", z.Len(), z.String())
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, extra, xref)
	return b.Bytes()
}

// drawn are the operators that draw lines from the top of a page down.
func drawn(lines ...string) string {
	var b strings.Builder
	for i, l := range lines {
		font, text := "F1", "("+l+")"
		if strings.ContainsFunc(l, func(r rune) bool { return r > 0xff }) {
			font, text = "F2", "<"
			for _, u := range utf16.Encode([]rune(l)) {
				text += fmt.Sprintf("%04x", u)
			}
			text += ">"
		}
		fmt.Fprintf(&b, "BT /%s 11 Tf 50 %d Td %s Tj ET\n", font, 800-20*i, text)
	}
	return b.String()
}

func TestPDF(t *testing.T) {
	p := &pdfs
	file := makePDF("",
		drawn("Demo shop: terms", "Returns", "You may send back what you do not like within thirty days, and we pay", "for the way back. Nobody asks why.",
			"1. Pack it well.", "2. Put the label on it.", "This line is as wide as a line can be here, and a sentence ends at its very end.",
			"Shipping", "Page 1 of 3"),
		drawn("Demo shop: terms", "七天无理由退货：自签收之日起七天内，商品完好即可申请退货，运费由本店承担，", "退款三天内到账。", "Page 2 of 3"),
		drawn("Demo shop: terms", "Shipping costs 5 euro.", "Page 3 of 3"))
	want := strings.Join([]string{
		"Returns", "You may send back what you do not like within thirty days, and we pay for the way back. Nobody asks why.",
		"1. Pack it well.", "2. Put the label on it.", "This line is as wide as a line can be here, and a sentence ends at its very end.", "Shipping",
		"七天无理由退货：自签收之日起七天内，商品完好即可申请退货，运费由本店承担，退款三天内到账。",
		"Shipping costs 5 euro.",
	}, "\n")
	for range 2 { // the second is read by what the first left running
		got, err := p.Read(t.Context(), file, 10_000)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	got, err := p.Read(t.Context(), file, len(want))
	require.NoError(t, err)
	require.Equal(t, want, got)
	_, err = p.Read(t.Context(), file, len(want)-1)
	require.ErrorIs(t, err, docfile.ErrTooLong)
}

func TestPDFRefused(t *testing.T) {
	p := &pdfs
	good := makePDF("", drawn("Shipping costs 5 euro."))
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":    {nil, docfile.ErrBroken},
		"no PDF":     {[]byte("Shipping costs 5 euro."), docfile.ErrBroken},
		"a head":     {[]byte("%PDF-1.7\n"), docfile.ErrBroken},
		"cut":        {good[:200], docfile.ErrBroken},
		"no text":    {makePDF("", "0 0 100 100 re f"), docfile.ErrNoText},
		"password":   {makePDF("/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -4/O<"+strings.Repeat("11", 32)+">/U<"+strings.Repeat("22", 32)+">>>/ID[<00><00>]", drawn("x")), docfile.ErrProtected},
		"long":       {makePDF("", drawn(strings.Repeat("word ", 300))), docfile.ErrTooLong},
		"many pages": {makePDF("", make([]string, docfile.MaxPDFPages+1)...), docfile.ErrTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Read(t.Context(), c.file, 1000)
			require.ErrorIs(t, err, c.want)
		})
	}
	got, err := p.Read(t.Context(), good, 1000)
	require.NoError(t, err, "it reads on")
	require.Equal(t, "Shipping costs 5 euro.", got)
}

// TestPDFBomb: a few kilobytes that unpack to what no sandbox holds, or takes forever to draw, end with an error, and the next file is
// read.
func TestPDFBomb(t *testing.T) {
	p := &pdfs
	good := makePDF("", drawn("Shipping costs 5 euro."))
	_, err := p.Read(t.Context(), good, 1000)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, err = p.Read(ctx, makePDF("", "BT /F1 1 Tf "+strings.Repeat("(a)Tj ", 8<<20)), 1<<30)
	require.Error(t, err)
	_, err = p.Read(t.Context(), good, 1000)
	require.NoError(t, err)
}

func TestPDFWaits(t *testing.T) {
	p := &pdfs
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.Read(ctx, makePDF("", drawn("Shipping costs 5 euro.")), 1000)
	require.Error(t, err)
}

const (
	document = `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>%s</w:body></w:document>`
	styles   = `<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:style w:styleId="1"><w:name w:val="heading 1"/></w:style><w:style w:styleId="berschrift2"><w:name w:val="Heading 2"/></w:style>
<w:style w:styleId="mine"><w:name w:val="Mine"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style></w:styles>`
)

func makeDOCX(t *testing.T, parts map[string]string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range parts {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = w.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestDOCX(t *testing.T) {
	body := `<w:p><w:pPr><w:pStyle w:val="1"/></w:pPr><w:r><w:t>退货政策</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">You have </w:t></w:r><w:del><w:r><w:delText>ten</w:delText></w:r></w:del><w:ins><w:r><w:t>thirty</w:t></w:r></w:ins><w:r><w:t xml:space="preserve"> days.</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r></w:p>
<w:p><w:pPr><w:pStyle w:val="berschrift2"/></w:pPr><w:r><w:t>How</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/></w:numPr></w:pPr><w:r><w:t>Pack it</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/></w:numPr></w:pPr><w:r><w:t>Send it</w:t><w:tab/><w:t>soon</w:t></w:r></w:p>
<w:p/><w:tbl><w:tr><w:tc><w:p><w:r><w:t>Country</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Days</w:t></w:r></w:p></w:tc></w:tr>
<w:tr><w:tc><w:p><w:r><w:t>Fr</w:t></w:r><w:r><w:t>ance</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>3</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
<w:p><w:pPr><w:pStyle w:val="mine"/></w:pPr><w:hyperlink><w:r><w:t>Last</w:t><w:instrText>PAGE</w:instrText></w:r></w:hyperlink></w:p>`
	got, err := docfile.DOCX(t.Context(), makeDOCX(t, map[string]string{"word/document.xml": fmt.Sprintf(document, body), "word/styles.xml": styles}), 1000)
	require.NoError(t, err)
	nested := `<w:p><w:pPr><w:pStyle w:val="1"/></w:pPr><w:r><w:t xml:space="preserve">A </w:t><w:drawing><w:txbxContent><w:p><w:r><w:t>BOX</w:t></w:r></w:p></w:txbxContent></w:drawing><w:t>heading</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>FIRST</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>BEFORE</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>INNER</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:p><w:r><w:t>AFTER</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`
	inner, err := docfile.DOCX(t.Context(), makeDOCX(t, map[string]string{"word/document.xml": fmt.Sprintf(document, nested), "word/styles.xml": styles}), 1000)
	require.NoError(t, err)
	require.Equal(t, "BOX\n\n# A heading\n\nFIRST | BEFORE | INNER | AFTER", inner)
	require.Equal(t, "# 退货政策\n\nYou have thirty days.\n\n## How\n\n- Pack it\n- Send it soon\n\nCountry | Days\n\nFrance | 3\n\n### Last", got)
}

func TestDOCXRefused(t *testing.T) {
	text := func(s string) string { return fmt.Sprintf(document, "<w:p><w:r><w:t>"+s+"</w:t></w:r></w:p>") }
	one := func(s string) []byte { return makeDOCX(t, map[string]string{"word/document.xml": s}) }
	good := one(text("Hello"))
	got, err := docfile.DOCX(t.Context(), good, 1000)
	require.NoError(t, err)
	require.Equal(t, "Hello", got)
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":    {nil, docfile.ErrBroken},
		"cut":        {good[:len(good)/2], docfile.ErrBroken},
		"other":      {makeDOCX(t, map[string]string{"xl/workbook.xml": "<a/>"}), docfile.ErrBroken},
		"no XML":     {one("Hello"), docfile.ErrNoText},
		"unclosed":   {one("<w:document><w:body>"), docfile.ErrBroken},
		"crossed":    {one("<a><b></a></b>"), docfile.ErrBroken},
		"deep":       {one(strings.Repeat("<a>", 5000) + strings.Repeat("</a>", 5000)), docfile.ErrBroken},
		"empty":      {one(text("")), docfile.ErrNoText},
		"long":       {one(text(strings.Repeat("a", 1001))), docfile.ErrTooLong},
		"attributes": {one("<a " + strings.Repeat(`a="" `, 1<<20) + "/>"), docfile.ErrBroken},
		"bomb":       {one("<a>" + strings.Repeat(`<b c="`+strings.Repeat("d", 60<<10)+`"/>`, 600) + "</a>"), docfile.ErrTooLong},
		"elements":   {one("<a>" + strings.Repeat("<b/>", 2_000_000) + "</a>"), docfile.ErrTooLong},
		"password":   {append([]byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}, make([]byte, 600)...), docfile.ErrProtected},
		"an entity":  {one(`<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>` + text("&b;")), docfile.ErrBroken},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := docfile.DOCX(t.Context(), c.file, 1000)
			require.ErrorIs(t, err, c.want)
		})
	}
}

// TestDOCXBomb: what takes a document apart copies none of it for each of its elements, and holds no more of it than may come out.
func TestDOCXBomb(t *testing.T) {
	const most = 100_000
	run := "<r><t>" + strings.Repeat("a", most-10) + "</t></r>"
	cell := "<tbl><tr><tc>"
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"paragraphs in a paragraph":    {"<p>" + run + strings.Repeat("<p/>", 20_000) + "</p>", nil},
		"paragraphs around paragraphs": {strings.Repeat("<p>"+run, 190) + strings.Repeat("</p>", 190), docfile.ErrTooLong},
		"tables in tables":             {strings.Repeat(cell, 60) + "<p>" + run + "</p>" + strings.Repeat("</tc></tr></tbl>", 60), nil},
		"empty cells":                  {"<tbl><tr>" + strings.Repeat("<tc><p/></tc>", 20_000) + "</tr></tbl><p><r><t>a</t></r></p>", nil},
		"cells":                        {"<tbl><tr>" + strings.Repeat("<tc><p><r><t>a</t></r></p></tc>", 20_000) + "</tr></tbl>", nil},
		"tabs":                         {"<p><r>" + strings.Repeat("<tab/>", 2*most+1) + "</r></p>", docfile.ErrTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			file := makeDOCX(t, map[string]string{"word/document.xml": "<document>" + c.body + "</document>"})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := docfile.DOCX(t.Context(), file, most)
			runtime.ReadMemStats(&after)
			require.ErrorIs(t, err, c.want)
			took := after.TotalAlloc - before.TotalAlloc
			t.Log(took)
			require.Less(t, took, uint64(500*most))
		})
	}
}

func TestDOCXWaits(t *testing.T) {
	file := makeDOCX(t, map[string]string{"word/document.xml": fmt.Sprintf(document, "<p><r><t>Hello</t></r></p>")})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := docfile.DOCX(ctx, file, 1000)
	require.ErrorIs(t, err, docfile.ErrTooSlow)
	var d docfile.DOCXs
	_, err = d.Read(ctx, file, 1000)
	require.Error(t, err)
	got, err := d.Read(t.Context(), file, 1000)
	require.NoError(t, err)
	require.Equal(t, "Hello", got)
}

func FuzzDOCX(f *testing.F) {
	f.Add([]byte(fmt.Sprintf(document, "<w:p><w:r><w:t>Hello</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>")))
	f.Fuzz(func(t *testing.T, xml []byte) {
		text, err := docfile.DOCX(t.Context(), makeDOCX(t, map[string]string{"word/document.xml": string(xml), "word/styles.xml": string(xml)}), 1000)
		if err == nil && (text == "" || len(text) > 1000) {
			t.Errorf("%d bytes came out", len(text))
		}
	})
}
