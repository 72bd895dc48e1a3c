package codec

import (
	"reflect"
	"strings"
)

func id(b byte) (u UUID) {
	for i := range u {
		u[i] = b + byte(i)
	}
	return u
}

// samples holds packets with every field set, and their edges.
func samples() []Packet {
	msg := Message{
		Conv: id(1), Seq: 7, Prev: 5, MID: id(2), CMID: id(3), Sender: id(4), Role: RoleAgent, Kind: KindCard,
		Visibility: VisibilityInternal, Time: 1767225600123, ReplyTo: id(5), Body: []byte(`{"text":"你好 \"quoted\" \u2028","n":[1,2.5e3,null,true]}`),
	}
	return []Packet{
		&Connect{1, 1, "tok", id(9), CapCompress, "https://shop.example/?q=鞋", "zh-CN", []Position{{id(1), 12}, {id(2), maxJSONInt}}},
		&Connect{},
		&Connack{1, id(1), id(2), RoleVisitor, 1767225600123, 45, 15, 65536, 32, 1, id(3)},
		&Ping{1767225600123}, &Pong{maxJSONInt},
		&Disconnect{3001, true, true, 1500, "draining \u2028 \x01 \\ \""},
		&Error{409, false, 0, "已有会话", id(1)}, &Error{503, true, 500, "busy", UUID{}},
		&Send{id(1), id(2), KindText, VisibilityPublic, UUID{}, []byte(`{"text":"hi"}`)},
		&Send{Body: []byte(`{}`)},
		&Sendack{id(1), id(2), id(3), 9, 8, 1767225600123, true},
		&msg,
		&Read{id(1), 4}, &Receipt{id(1), id(2), 3, 2},
		&Typing{id(1), id(2), TypingTyping, "还在写…"},
		&Durable{[]Position{{id(1), 4}}}, &Durable{},
		&Event{"inbox.changed", UUID{}, []byte(`{"conversations":[]}`)}, &Event{},
		&Stream{id(1), id(2), 17, true, "delta"},
		&Join{id(1), 3, 50},
		&Joined{id(1), 9, true, []Member{{id(1), RoleVisitor, "王", 3, 2}, {id(2), RoleAgent, "", 0, 0}}, []Message{msg, {Body: []byte(`{}`)}}},
		&Joined{}, &Leave{id(1)},
		&Sync{id(1), 3, 9, 200}, &Synced{id(1), 9, false, []Message{msg}},
		&Gap{[]Position{{id(1), 0}, {id(2), 8}}},
		&Status{Away}, &Track{"page_view", []byte(`{"url":"/"}`)}, &Watch{WatchBoard, []byte(`{"q":1}`), 3, 50},
	}
}

// zero returns the empty packet of a type.
func zero(t Type) Packet { return new(Decoder).packet(t) }

// largest returns a packet of a type with the largest value in every field, and text that is not English.
func largest(t Type) Packet {
	p := zero(t)
	fillLargest(reflect.ValueOf(p).Elem())
	return p
}

func fillLargest(v reflect.Value) {
	switch p := v.Addr().Interface().(type) {
	case *UUID:
		copy(p[:], strings.Repeat("\xff", len(p)))
	case *Role:
		*p = RoleAPI
	case *Kind:
		*p = KindSystem
	case *Visibility:
		*p = VisibilityInternal
	case *TypingState:
		*p = TypingTyping
	case *Availability:
		*p = Away
	case *WatchTopic:
		*p = WatchBoard
	case *uint8:
		*p = 1<<8 - 1
	case *uint16:
		*p = 1<<16 - 1
	case *uint32:
		*p = 1<<32 - 1
	case *uint64:
		*p = maxJSONInt
	case *bool:
		*p = true
	case *string:
		*p = "您好，😀 \u2028\u2029 \"\\/\b\f\n\r\t\x1f\x7f <&>"
	case *[]byte:
		*p = []byte(`{"text":"您好，😀","n":[-1.5,9007199254740991,null,true,false,{},[],""]}`)
	default:
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			fillLargest(v.Index(1))
			return
		}
		for i := range v.NumField() {
			fillLargest(v.Field(i))
		}
	}
}
