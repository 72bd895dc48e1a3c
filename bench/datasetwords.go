package bench

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
)

// tongue is what people say in one language. {p} is a product, {c} a colour or size, {d} a defect, {t} a town, {n} a small
// number, {o} an order's number, {v} a rare word of letters and digits, {w} one of many words: a few of them often, most of them hardly
// ever. No quotes and no backslashes: bodies are made without escaping.
type tongue struct {
	visitor, agent, note, greeting, thanks  []string
	syllables                               []string // what {w} is made of
	products, colours, defects, towns, name []string
}

var chinese = tongue{
	greeting: []string{"你好", "您好,在吗", "请问有人吗", "hello 在不在", "客服你好"},
	visitor: []string{
		"{p}什么时候能发货?", "订单{o}显示已签收,但是我没有收到", "{c}的{p}还有货吗?", "{p}收到的时候{d},可以退货吗?", "优惠券{v}用不了,提示已过期",
		"能不能帮我把收货地址改到{t}?", "发票抬头填错了,订单号{o}", "我要{n}件{p},可以便宜一点吗?", "快递三天没有动了,麻烦催一下", "支付成功了,但是订单还是待付款",
		"{p}保修多久?", "{c}和别的颜色有色差吗?", "我在{t},几天能到?", "退款什么时候到账?订单{o}", "说明书上没有写怎么安装{p}", "型号{v}和{p}能一起用吗?",
		"换货的话运费谁出?", "客服电话打不通,一直占线", "我想取消订单{o}", "赠品没有收到,页面上写着买{p}送的", "{p}充不进电,灯也不亮", "尺码偏大还是偏小?平时穿{c}",
		"会员积分怎么没有到账?", "发错货了,我买的是{c}的{p}", "这个{p}适合小孩用吗?", "可以开增值税专用发票吗?",
		"{w}系列和{w}系列有什么区别?", "页面上说有{w}功能,怎么打开?", "我想要{w}图案的{p}", "快递单上写的是{w},是你们发的吗?",
	},
	syllables: strings.Split("云 山 海 月 星 风 花 雪 青 红 白 金 银 玉 石 木 林 森 水 火 土 天 地 日 春 夏 秋 冬 东 西 南 北 龙 凤 虎 鹤 松 竹 梅 兰 菊 莲 桃 杏 枫 柏 雅 静 清 明 安 康 福 禄 寿 喜 乐 美 佳 丽 新 锐 极 致 悦 享 优 品 智 能 速 达 恒 远 博 文", " "),
	agent: []string{
		"您好,很高兴为您服务", "请您提供一下订单号,我马上帮您查询", "订单{o}已经从{t}仓库发出,预计{n}天内送达", "非常抱歉给您带来不便", "已经为您登记,{n}小时内会有专人联系您",
		"{c}的{p}目前有货,今天下单今天发", "退款会在{n}个工作日内原路返回", "麻烦您拍一张照片,我们核实后给您补发", "地址已经改好了,请您留意短信", "这款{p}保修两年,全国联保",
		"优惠券{v}已经重新发到您的账户", "我帮您转给售后同事处理", "请问还有其他可以帮您的吗?", "建议您先长按电源键{n}秒重启试试", "运费由我们承担,请您放心", "好的,已经为您取消订单{o}",
		"型号{v}和{p}是可以一起使用的", "感谢您的耐心等待", "{w}款和{w}款是同一个厂家生产的", "{p}的{w}配件需要单独购买",
	},
	note:     []string{"老客户,优先处理", "已联系{t}仓库核实", "疑似{d},等照片", "工单{v}", "第{n}次催单,注意语气"},
	thanks:   []string{"好的,谢谢", "明白了", "那我再等等", "太好了,谢谢你", "行吧", "嗯嗯", "收到"},
	products: []string{"保温杯", "蓝牙耳机", "台灯", "电饭煲", "羽绒服", "运动鞋", "双肩包", "机械键盘", "空气净化器", "行李箱", "儿童手表", "电动牙刷", "咖啡机", "投影仪", "床上四件套", "扫地机器人", "洗面奶", "登山杖", "吹风机", "平板电脑", "婴儿推车", "电热水壶", "瑜伽垫", "无线鼠标"},
	colours:  []string{"白色", "黑色", "粉色", "深蓝", "军绿", "大号", "中号", "小号", "XL", "38码", "42码", "标准版", "升级版"},
	defects:  []string{"有划痕", "外壳裂了", "漏水", "少了一个配件", "有异味", "包装破损", "屏幕不亮", "拉链坏了", "按键失灵"},
	towns:    []string{"北京", "上海", "广州", "深圳", "成都", "杭州", "武汉", "西安", "南京", "重庆", "苏州", "天津", "长沙", "青岛", "昆明", "哈尔滨"},
	name:     []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "晓明", "丽华", "建国", "小红", "子轩", "欣怡", "浩然", "雨桐"},
}

var english = tongue{
	greeting: []string{"Hi", "Hello, anyone there?", "Good morning", "hey", "Hello!"},
	visitor: []string{
		"When will the {p} ship?", "Order {o} says delivered but nothing arrived", "Is the {p} in {c} back in stock?", "My {p} came with {d}, can I return it?",
		"The code {v} does not work at checkout", "Can you change the delivery address to {t}?", "I need an invoice for order {o}", "Any discount if I buy {n} of the {p}?",
		"Tracking has not moved for {n} days", "I was charged twice for order {o}", "How long is the warranty on the {p}?", "How long does delivery to {t} take?",
		"Where is my refund for {o}?", "The manual does not say how to mount the {p}", "Does the {v} adapter fit the {p}?", "Who pays for sending it back?",
		"I would like to cancel order {o}", "The {p} stopped charging, no light at all", "You sent the wrong colour, I ordered {c}", "Is the {p} safe for children?",
		"Can I pick it up in {t}?", "The page keeps loading when I pay", "Does it run {c} or should I go one up?", "The free gift was missing from the parcel",
		"What is the difference between {w} and {w}?", "The page says it has {w}, how do I switch it on?", "I want the {p} with the {w} pattern",
		"The label says {w}, did you send that?",
	},
	syllables: strings.Split("ba be bi bo bu da de di do du fa fe fi fo ga ge gi go ka ke ki ko la le li lo lu ma me mi mo mu na ne ni no nu pa pe pi po ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo za ze zi zo", " "),
	agent: []string{
		"Thanks for reaching out, let me have a look", "Could you tell me the order number please?", "Order {o} left our warehouse in {t} and should arrive within {n} days",
		"I am sorry about the trouble", "A colleague will get back to you within {n} hours", "The {p} in {c} is in stock and ships today",
		"The refund takes up to {n} working days", "Could you send a photo of it? Then we replace it right away", "The address is changed, you will get a message",
		"The {p} has two years of warranty", "I have sent you a new code, {v}", "I will pass this on to our repair team", "Is there anything else I can do for you?",
		"Please hold the power button for {n} seconds and try again", "We pay for the return, no worries", "Order {o} is cancelled", "Yes, the {v} adapter works with the {p}",
		"{w} and {w} come from the same factory", "The {w} part of the {p} is sold separately",
	},
	note:     []string{"Regular customer, be quick", "Checked with {t}, parcel is lost", "Looks like {d}, waiting for the photo", "Ticket {v}", "Asked {n} times already"},
	thanks:   []string{"Great, thanks", "ok", "I see", "Perfect, thank you so much", "Alright, I will wait", "Thanks!", "hm okay"},
	products: []string{"thermos", "headphones", "desk lamp", "rice cooker", "down jacket", "running shoes", "backpack", "keyboard", "air purifier", "suitcase", "kids watch", "toothbrush", "espresso machine", "projector", "duvet set", "robot vacuum", "face wash", "trekking poles", "hair dryer", "tablet", "stroller", "kettle", "yoga mat", "mouse"},
	colours:  []string{"white", "black", "pink", "navy", "olive", "large", "medium", "small", "XL", "size 8", "size 11", "the basic version", "the pro version"},
	defects:  []string{"scratches", "a cracked case", "a leak", "a part missing", "a strange smell", "a torn box", "a dead screen", "a broken zip", "a stuck button"},
	towns:    []string{"London", "Manchester", "Dublin", "Boston", "Chicago", "Austin", "Seattle", "Toronto", "Sydney", "Berlin", "Lisbon", "Oslo", "Denver", "Leeds", "Perth", "Auckland"},
	name:     []string{"Alex", "Sam", "Maria", "John", "Emma", "Olivia", "Noah", "Liam", "Ava", "Lucas", "Smith", "Jones", "Brown", "Garcia", "Miller", "Davis", "Lopez", "Wilson", "Moore", "Clark"},
}

// tailWords is how many words {w} stands for. The n-th is n times rarer than the first (Zipf's law).
const tailWords = 60_000

// tail appends word number n: three syllables.
func (l *tongue) tail(dst []byte, n int) []byte {
	for range 3 {
		dst = append(dst, l.syllables[n%len(l.syllables)]...)
		n = n/len(l.syllables) + n*7
	}
	return dst
}

func pick(r *rand.Rand, of []string) string { return of[r.IntN(len(of))] }

// said appends a sentence with its blanks filled in.
func (l *tongue) said(dst []byte, r *rand.Rand, sentence string) []byte {
	for {
		text, rest, ok := strings.Cut(sentence, "{")
		dst = append(dst, text...)
		if !ok {
			return dst
		}
		switch rest[0] {
		case 'p':
			dst = append(dst, pick(r, l.products)...)
		case 'c':
			dst = append(dst, pick(r, l.colours)...)
		case 'd':
			dst = append(dst, pick(r, l.defects)...)
		case 't':
			dst = append(dst, pick(r, l.towns)...)
		case 'n':
			dst = strconv.AppendInt(dst, int64(2+r.IntN(7)), 10)
		case 'o':
			dst = strconv.AppendInt(dst, 2_000_000_000+int64(r.IntN(900_000_000)), 10)
		case 'w':
			dst = l.tail(dst, int(math.Pow(tailWords, r.Float64())))
		case 'v':
			dst = append(dst, "AEIKLNRSTXZ"[r.IntN(11)], "AEIOUY"[r.IntN(6)], "BCDFGKMPRV"[r.IntN(10)], '-')
			dst = strconv.AppendInt(dst, int64(1000+r.IntN(9000)), 10)
		}
		sentence = rest[2:]
	}
}

// text appends the body of what a visitor or an agent says: one to three sentences as a JSON object.
func (l *tongue) text(dst []byte, r *rand.Rand, agent, first bool) []byte {
	dst = append(dst, `{"text":"`...)
	from := l.visitor
	switch {
	case agent:
		from = l.agent
	case first && r.IntN(2) == 0:
		dst = append(append(dst, pick(r, l.greeting)...), ' ')
	case !first && r.IntN(3) == 0:
		from = l.thanks
	}
	dst = l.said(dst, r, pick(r, from))
	for r.IntN(4) == 0 {
		dst = l.said(append(dst, ' '), r, pick(r, from))
	}
	return append(dst, `"}`...)
}

// full is a person's name.
func (l *tongue) full(r *rand.Rand) string {
	half := len(l.name) / 2
	if l == &chinese {
		return l.name[r.IntN(12)] + l.name[12+r.IntN(8)]
	}
	return l.name[r.IntN(half)] + " " + l.name[half+r.IntN(half)]
}
