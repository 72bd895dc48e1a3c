package knowledge

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// What columns are called.
var (
	questionNames = []string{"question", "questions", "q", "title", "问题", "提问", "问", "标题", "标准问题", "标准问"}
	answerNames   = []string{"answer", "answers", "a", "text", "content", "response", "答案", "回答", "回复", "答", "内容"}
	topicNames    = []string{"topic", "category", "group", "section", "分类", "类别", "主题", "栏目"}
)

// readTable reads questions with answers. The first line may name columns; without names the first column asks and the second answers.
func readTable(text string) ([]Section, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace = separator(text), -1, true, true
	question, answer, topic := 0, 1, -1
	var out []Section
	for n := 0; ; n++ {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("knowledge: table: %w", err)
		}
		if n == 0 {
			if q, a := column(row, questionNames), column(row, answerNames); q >= 0 && a >= 0 {
				question, answer, topic = q, a, column(row, topicNames)
				continue
			}
		}
		s := Section{Question: cell(row, question), Text: cell(row, answer)}
		if t := cell(row, topic); t != "" {
			s.Path = []string{t}
		}
		if s.Question == "" || s.Text == "" {
			continue
		}
		if head, rest := part(s.Question, MaxHeading); rest != "" { // it is found by the rest, too
			s.Question, s.Text = strings.TrimSpace(head), s.Text+"\n\n"+rest
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, errors.New("knowledge: the table has no row with a question and an answer")
	}
	return out, nil
}

// separator is the one of comma, semicolon and tab that the first line has most of.
func separator(text string) rune {
	line, _, _ := strings.Cut(text, "\n")
	best, most := ',', strings.Count(line, ",")
	for _, r := range "\t;" {
		if n := strings.Count(line, string(r)); n > most {
			best, most = r, n
		}
	}
	return best
}

func column(row, names []string) int {
	return slices.IndexFunc(row, func(s string) bool { return slices.Contains(names, strings.ToLower(strings.TrimSpace(s))) })
}

func cell(row []string, i int) string {
	if i < 0 || i >= len(row) {
		return ""
	}
	return strings.TrimSpace(row[i])
}
