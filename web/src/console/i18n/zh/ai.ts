import type { Texts } from "../texts.ts";

export const ai: Texts["ai"] = {
  bot: {
    off: "机器人未开启", offText: "访客直接等待人工。等知识库能回答最常见的问题后再开启。", on: "机器人优先接待访客", enabled: "由机器人接待访客", enabledText: "新会话先由它接待；拿不准或访客要求时转人工。",
    who: "如何说话", whoText: "访客看到和读到的内容。", name: "名称", nameText: "随回答一起显示。留空则显示“Bot”。", greetingZh: "中文问候语", greetingEn: "英文问候语", greetingText: "机器人说的第一句话。留空则不问候。",
    tone: "语气", tones: { friendly: "亲切", neutral: "中性", formal: "正式" }, what: "回答什么", whatText: "其余的都交给人工。", languages: "语言", languagesText: "用其他语言的访客转人工。", zh: "中文", en: "英文", noLanguage: "请至少选择一种。",
    topics: "话题", topicsText: "它可以谈论的内容，用您自己的话写；每项后按回车。留空则为知识库中的全部内容。", topicsExample: "运费、退货…", avoid: "留给人工", avoidText: "问题中出现这些词或涉及这些内容时，机器人不回答。", avoidExample: "退款、投诉…", sure: "需要多大把握", sureText: "低于此把握则转人工。", clarify: "最多反问次数", clarifyText: "每个会话 0 到 2 次。", answerFrom: "直接回答的把握", clarifyFrom: "反问的把握", shipped: "0 表示默认值。", badShare: "请填写 0 到 100。", badOrder: "反问的把握不能高于直接回答。", badClarify: "请填写 0、1 或 2。", begins: "新会话", beginsOf: { bot: "先由机器人接待", people: "先由人工接待，访客可主动找机器人" }, hours: "时间", hoursOf: { always: "全天", open: "仅营业时间内", closed: "仅营业时间外" },
    asking: "如何请求引擎", askingOf: { cheapest: "先请求最便宜的；太慢或失败时换下一个", parallel: "同时请求多个" }, askingText: "同时请求时，每个问题最多请求四个引擎，每个都要付费；采用最先得到知识库支持的回答。",
    budget: "每日预算", budgetText: "所有引擎合计。用完后由内置引擎根据知识库免费回答。", tokens: "Token 数", money: "金额", moneyText: "货币与引擎价格相同。", zeroIsNone: "0 表示不限。", badNumber: "请填写 0 或以上的数字。",
    used: "今日已用", of: "{n} / {most}", noLimit: "{n}，不限", exhausted: "今日预算已用完", exhaustedText: "{time} 前不再请求引擎，由内置引擎回答。", refused: "剩余预算不够部分问题使用", refusedText: "今天有 {n} 次没有请求引擎：剩余预算少于一个问题可能用到的量，较短的问题仍可请求。{time} 前这些问题由内置引擎回答。", resets: "{time} 开始新的一天。", days: "最近 30 天", day: "日期", nothingUsed: "还没有请求过任何引擎。",
    reset: "关闭并清除设置", resetText: "机器人将关闭，其全部设置将清除。知识库和引擎保留。", engines: "引擎", knowledge: "知识库",
  },
  try: {
    title: "试一试", text: "像访客那样提问。不会写入任何会话；请求引擎会计入预算。", question: "顾客的问题", ask: "提问", stop: "停止", answering: "正在回答…", stopped: "已停止。",
    saved: "按已保存的设置回答。", steps: { answer: "会直接回答", clarify: "会反问", handoff: "会转人工", silence: "不会说话" }, empty: "无话可说。", trace: "查看过程",
  },
  confidence: "把握 {n}", sources: "来源", source: "来源", engine: "引擎", local: "内置引擎", why: "原因",
  engines: {
    add: "添加引擎", empty: "还没有引擎", emptyText: "没有引擎时由内置引擎回答：找到知识库中合适的段落，原样说出。有了引擎，回答会组织成自然的语句。", none: "内置引擎始终待命：引擎都不可用或预算用完时，由它根据知识库回答。",
    name: "名称", nameText: "团队内部的叫法。", url: "地址", urlText: "API 所在的地址，通常以 /v1 结尾：OpenAI、DeepSeek，或您自己的兼容服务器。", badUrl: "请填写以 https:// 开头的地址（运营者允许时也可用 http://）。", model: "模型", modelText: "服务器使用的模型名称。",
    key: "密钥", keyText: "之后不会再显示给任何人。", keyKept: "已保存密钥。留空则保持不变。", keyNeeded: "更换地址后不会沿用原密钥，请重新填写。", keyDrop: "删除密钥", resting: "出错，暂停使用", keySet: "有密钥", keyNone: "无密钥",
    enabled: "启用", on: "已启用", off: "已停用", position: "顺序", positionText: "数字小的先请求。", prices: "价格", pricesText: "每百万 token 的价格。不填则金额预算永远用不完。", prompt: "提问", completion: "回答", limits: "等待时间", limitsText: "单位毫秒。0 表示默认（4,000 和 20,000）。",
    first: "首个字", total: "全部", badLimit: "请填写 0 到 20,000 的整数。", badPosition: "请填写 0 到 1,000 的整数。", test: "测试", testText: "用已保存的设置问一个很短的问题；会消耗少量 token。", testing: "正在提问…", works: "可以使用", fails: "无法使用", timing: "首字 {first}，全部 {total}",
    tokens: "{n} 个 token", structured: "它遵守回答的结构，因此回答带有来源。", plain: "它不遵守回答的结构：回答照原样采用，没有来源。", said: "它的回答", status: "HTTP {n}", removeTitle: "删除这个引擎？", removeText: "密钥将一并删除。问题由其余引擎回答。",
  },
  intents: {
    add: "添加意图", empty: "还没有自己的意图", emptyText: "机器人已经懂得商店最常被问到的内容：订单、退款、物流等。用几句话教它只有您会被问到的问题。", count: "{n} 个例句",
    name: "名称", nameText: "一个键，例如 size_advice：小写字母开头，后接字母、数字、_ 和 -。", badName: "小写字母开头，后接最多 49 个 a-z、0-9、_ 和 -。", description: "关于什么", examples: "例句",
    examplesText: "像客户那样写，每行一句，语言不限。十句有用，五十句更好。", tooMany: "最多 {n} 个例句。", tooLong: "第 {line} 句超过 {n} 个字符。",
    action: "机器人怎么做", actions: { answer: "回答", handoff: "转人工", reply: "固定回复" }, actionAbout: { answer: "与其他问题一样，根据知识库回答。", handoff: "确定是这个意思时，立即转人工。", reply: "确定是这个意思时，只说这段话。" },
    team: "转给哪个小组", anybody: "任何人", replyZh: "中文回复", replyEn: "英文回复", replyText: "某种语言留空时，用另一种语言的。", noReply: "请至少填写一种。", removeTitle: "删除这个意图？", removeText: "它的例句会一并删除。",
    trained: "能否区分开", trainedText: "每个例句都由没有见过它的模型来判断。", busy: "正在训练…之前训练好的继续使用。", accuracy: "判断正确", refused: "留给内置意图", taken: "内置例句被误认为您的", error: "概率偏差",
    intent: "意图", right: "判断正确", few: "太少，看不出", covered: "您的意图取代了意思相同的内置意图：{names}。", mistakes: "判断错误", mistakesText: "为它们多写一些例句，或把它们放到该放的地方。", mistake: "{intent} 被当作 {taken}（{n}）", builtin: "内置",
    try: "试一句话", tryText: "它会被当作什么，机器人会怎么做。不会写入任何内容。", sentence: "客户的一句话", go: "试试", does: { answer: "会回答", handoff: "会转人工", reply: "会说固定回复" }, outOfScope: "超出范围 {n}",
    unsure: "还不足以确定按这个意图处理：会像回答其他问题一样回答。", ranked: "最有可能的",
  },
  usage: { title: "引擎用量", today: "今天", tokens: "Token 数", money: "金额" },
  traces: {
    empty: "还没有任何提问", emptyText: "机器人收到的每个问题都会留下 30 天的记录：找到了什么、请求了谁、为什么这样做。", outcome: "结果", all: "全部", question: "问题", conversation: "打开会话", byStaff: "由团队提问", inConversation: "会话中",
    outcomes: { answer: "已回答", clarify: "已反问", handoff: "已转人工", silence: "未说话", suggestion: "已给建议", summary: "已总结", overtaken: "已被抢先", dropped: "已无需回答" }, took: "共 {time}", link: "此记录的链接", steps: "逐步过程", stepNames: { guard: "只能由人工回答的内容", intent: "意图", context: "上文", retrieve: "已知内容", route: "由谁回答", outcome: "结果" },
    intent: "意图", followUp: "视为追问，接在", alone: "视为独立问题", chunks: "找到的内容", noChunks: "没有找到已知内容。", score: "得分", left: "未采用：{why}", sure: "最佳段落能回答的可能性", engines: "请求了谁", noEngines: "没有请求引擎。",
    chosen: "采用", verdicts: { chosen: "采用", lost: "其他回答更好", failed: "失败", refused: "无法展示", unsupported: "来源不支持", proposed: "备选" }, asked: { first: "首选", hedge: "其他引擎太慢", failover: "其他引擎失败", parallel: "同时请求", probe: "试探是否恢复", floor: "始终待命" },
    firstAfter: "首字 {time}", cost: "费用 {n}", features: "为什么可信", featureNames: { retrieval: "最佳段落能回答", support: "与来源一致", agreement: "与其他引擎一致", history: "近期表现" }, cites: "以最佳段落为来源。", noCites: "没有以最佳段落为来源。",
    removed: "展示前移除的内容", evidence: "依据的数值", whole: "完整记录（JSON）", why: "为什么这样回答？", gone: "没有此消息的记录。记录保留 30 天。",
  },
  reasons: {
    guard: "只能由人工回答", cached: "之前回答过同样的问题", easy: "知识库中正好有这个问题", engine: "引擎的回答有来源支持", unknown: "已知内容无法回答", unsure: "也许能回答", asked: "已反问足够多次",
    no_engine: "没有引擎：由内置引擎回答", down: "引擎都不可用：由内置引擎回答", budget: "今日预算已用完：由内置引擎回答", refused: "引擎的内容无法展示：由内置引擎回答", cut: "引擎中断：由内置引擎接着回答",
    abandoned: "访客已离开", own_choice: "引擎认为无法回答", greeting: "打招呼", thanks: "道谢", goodbye: "道别", noted: "没有提问", topic: "设置中留给人工", intent: "按您的某个意图处理", language: "不使用该语言", person: "已有客服接待",
    waiting: "客服即将到来", off_duty: "不在服务时间", wordless: "没有文字内容", broken: "知识库无法访问", busy: "访客过多，机器人暂停应答", off: "机器人已关闭", failed: "多次尝试均失败", human: "访客要求人工", anger: "访客情绪激动", legal: "涉及律师、法院或媒体", safety: "涉及人身安全", fraud: "涉及盗号或盗款",
  },
  suggest: { open: "AI 建议回复", title: "建议", thinking: "正在寻找答案…", none: "已知内容无法回答。", insert: "填入回复", again: "重新生成", close: "关闭建议", note: "不会自动发送：填入回复后可随意修改。" },
  summary: {
    open: "总结会话", title: "会话总结", thinking: "正在阅读会话…", handed: "由机器人转接", wants: "诉求", tried: "机器人说过", orders: "订单号", found: "可能相关", points: "要点", language: "使用语言：{name}", by: "由 {name} 总结", keep: "保存为备注", kept: "已保存为备注。", empty: "还没有可总结的内容。",
  },
  off: "此服务器未设置 AI。",
};
