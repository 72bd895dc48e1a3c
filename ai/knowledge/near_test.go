package knowledge

import (
	"strings"
	"testing"
)

// TestNear: of two texts with the same words, the one that has the question's in one place comes first.
func TestNear(t *testing.T) {
	filler := strings.Repeat("meanwhile several other things were mentioned at considerable length ", 6)
	far := Chunk{ID: "far", Text: "The lighthouse stands. " + filler + "The keeper sings."}
	near := Chunk{ID: "near", Text: "The stands. " + filler + "The lighthouse keeper sings."}
	x := must(NewIndex([]Chunk{far, near}, "", nil))
	hits := x.Search(Query{Text: "lighthouse keeper"}, 2)
	if x.Chunk(hits[0].Chunk).ID != "near" || hits[0].Near < .99 || hits[1].Near > .8 {
		t.Errorf("%+v", hits)
	}
	headed := must(NewIndex([]Chunk{{Heading: "Lighthouse", Text: filler + "The keeper sings."}}, "", nil))
	if hit := headed.Search(Query{Text: "lighthouse keeper"}, 1)[0]; hit.Near < .99 {
		t.Errorf("a heading is not near its text: %+v", hit)
	}
	asked := must(NewIndex([]Chunk{{Heading: "Lighthouse keeper", Text: "Yes.", Question: true}}, "", nil))
	if hit := asked.Search(Query{Text: "lighthouse keeper"}, 1)[0]; hit.Near != 0 {
		t.Errorf("a question counts twice: %+v", hit)
	}
}

// TestTurkic: a Turkish word is found in a form that only begins like it; an English one is not, as a word.
func TestTurkic(t *testing.T) {
	for question, chunk := range map[string]string{"savunması kaç sayı": "Takımın savunmacılarının sayısı değişti."} {
		x := must(NewIndex([]Chunk{{Text: chunk}, {Text: "Bambaşka bir şey, hiçbir ilgisi yok."}}, "", nil))
		if hit := x.Search(Query{Text: question}, 1)[0]; hit.Chunk != 0 || hit.Words == 0 {
			t.Errorf("%s: %+v", question, hit)
		}
	}
	x := must(NewIndex([]Chunk{{Text: "An interception."}}, "", nil))
	if hit := x.Search(Query{Text: "international"}, 1)[0]; hit.Words != 0 {
		t.Errorf("an English word was cut: %+v", hit)
	}
	if turkic("A letter by Erdoğan about something else entirely, of which there are more than a hundred letters in this very long sentence here.") {
		t.Error("one name made it Turkish")
	}
}
