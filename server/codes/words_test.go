package codes

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSay(t *testing.T) {
	for english, zh := range map[string]string{
		"you have been blocked":                  "您已被限制使用在线客服",
		"a file may have 25 MiB":                 "文件不能超过 25 MiB",
		"body has 9000 bytes; the limit is 8192": "内容有 9000 字节，上限为 8192 字节",
		"the file's content (text/plain; charset=utf-8) is not what its name says (.png)": "文件内容（text/plain; charset=utf-8）与文件名（.png）不符",
		"the image can't be read: 50% %":   "无法读取图片：50％ ％",
		"the image can't be read: ":        "the image can't be read: ", // it tells nothing
		"a file may have  MiB":             "a file may have  MiB",
		"a file may have":                  "a file may have",
		"what nobody has put into Chinese": "what nobody has put into Chinese",
		"":                                 "",
	} {
		if got := Say("zh", english); got != zh {
			t.Errorf("%q in Chinese: %q, not %q", english, got, zh)
		}
		for _, lang := range []string{"en", ""} {
			if got := Say(lang, english); got != english {
				t.Errorf("%q in %q: %q", english, lang, got)
			}
		}
	}
}

// Every sentence is one that the program says, and its Chinese tells as much.
func TestWordsAreSaid(t *testing.T) {
	var source strings.Builder
	for _, dir := range []string{"chat", "server"} {
		err := filepath.WalkDir(filepath.Join("../..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Base(path) == "words.go" {
				return err
			}
			text, err := os.ReadFile(path)
			source.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	said := strings.NewReplacer("%d", "%", "%s", "%", `" + `, `%`).Replace(source.String())
	for english, zh := range words {
		if literal := strings.TrimSuffix(english, "%"); !strings.Contains(said, literal) {
			t.Errorf("nothing says %q (any more)", english)
		}
		if strings.Count(english, "%") != strings.Count(zh, "%") || zh == "" {
			t.Errorf("%q does not tell what %q tells", zh, english)
		}
	}
}
