import type { Texts } from "../texts.ts";

export const knowledge: Texts["knowledge"] = {
  tabs: { documents: "文档", try: "试一试", golden: "基准问题", unanswered: "未答问题", index: "索引" }, sections: "知识库的各部分",
  formats: { markdown: "Markdown", html: "HTML", text: "纯文本", csv: "问答表" },
  states: { indexed: "使用中", pending: "等待中", failed: "失败", not_indexed: "未使用", leaving: "仍可找到", disabled: "已停用" },
  statesText: { indexed: "搜索能找到它的当前内容。", pending: "索引建好后即可被找到。", failed: "包含它的索引没有启用。", not_indexed: "正在使用较早的索引，其中没有它的当前内容。", leaving: "已停用。在不含它的索引启用之前，当前使用的索引中可能仍有它。", disabled: "保留但不会被找到。" },
  reasons: { golden: "有基准问题没有找到对应的文档。", too_many: "文档切分出的片段超过了索引的上限。", canary: "试用期间，它未能解答的问题比之前的版本多。" },
  canary: {
    title: "版本 {n} 正在试用", text: "自{began}起，{percent}% 的会话由它回答。如果表现不差于当前版本，{ends}起全部会话都由它回答。", alert: "在{ends}之前，{percent}% 的会话由它回答。", trying: "试用中", onlyTried: "仅试用过", useTitle: "全部启用版本 {n}？",
    which: "版本", inUse: "使用中", triedOne: "试用中", asked: "问题数", open: "未能解答", hint: "未能解答：知识库中没有答案，只能转给人工。数字会有几秒延迟。",
    use: "全部启用", used: "已启用版本 {n}", back: "撤回", backTitle: "撤回版本 {n}？", backText: "全部会话将由当前使用的版本回答。您写的内容会保留，下一次修改会构建新的索引。", backDone: "已撤回", mend: "请查看未解答的问题并修改文档，新的版本会再次试用。",
    plan: "新版本", planText: "新版本可以先回答一部分会话。如果它未能解答的问题明显多于当前版本，会自动撤回。", percent: "试用的会话比例", percentText: "0 到 50%。0 表示立即用于全部会话。", badPercent: "请输入 0 到 50 的整数。", minutes: "试用时长", minutesText: "之后用于全部会话。在此之前，其他会话看到的仍是文档修改前的内容。", saved: "已保存，从下一个版本起生效。",
  },
  deleted: "已删除的文档", nothing: "无", chunks: "{n} 个片段", documents: "{n} 篇文档", changed: "修改于 {time}", noLanguage: "未注明语言",
  index: {
    none: "还没有建立索引", version: "版本 {n}", waiting: "即将开始构建", building: "正在构建索引", progress: "{done} / {total} 个片段", built: "构建于 {time}",
    failed: "最近的修改没有启用", failedText: "仍由修改之前的索引回答。", missed: "“{question}”应找到“{expected}”，但排在第一的是“{found}”。", missedNothing: "“{question}”应找到“{expected}”，但什么也没有找到。", more: "另有 {n} 个。",
    why: "详情", back: "已恢复使用版本 {n}", backText: "您退回到了这个版本。下一次修改会构建新的索引。",
    now: "使用中", nowText: "搜索由它回答。每次修改都会另行构建新的索引，只有所有基准问题都找到各自的文档，才会替换它。", embedder: "语义", embedderText: "按词语和语义比较问题。", wordsOnly: "仅按词语比较问题：本服务器没有向量模型。",
    state: "状态", idle: "已是最新", behind: "不是最新", rebuild: "重新构建", rebuildText: "修改后无需手动构建，会自动进行。", rebuilding: "正在构建索引",
    lastFailure: "上一次构建为何没有启用", asked: "共检查 {n} 个基准问题。", question: "问题", expected: "应找到", found: "实际排在第一", removed: "该问题已被删除",
    mend: "请修改文档使问题能找到正确的一篇，或修改该问题。两者都会重新构建。", mendMany: "请删除或停用一些文档。",
    versions: "版本", versionsText: "保留最近使用过的五个版本，以及两个仅试用过的版本。", active: "使用中", use: "退回", useTitle: "退回到版本 {n}？", again: "重新使用", againTitle: "重新使用版本 {n}？", useText: "将按 {time} 的状态使用其中的 {documents} 篇文档。您写的内容不会丢失，下一次修改会构建新的索引。", usedAgain: "正在使用版本 {n}", noVersions: "添加文档后，其索引会显示在这里。",
  },
  list: {
    add: "撰写文档", upload: "上传文件", empty: "知识库还是空的", emptyText: "添加客户常问的内容：配送、退换、付款。可在此撰写，或拖入 Markdown、HTML、文本或问答表。", find: "搜索标题和地址",
    state: "状态", sort: "排序", sorts: { changed: "最近修改", title: "标题", size: "大小" }, noneFit: "没有符合条件的文档。", clear: "显示全部", on: "允许找到“{title}”", drop: "松开即可上传",
    count: "{shown} / {all}",
  },
  files: {
    title: "文件", clear: "清除", waiting: "等待中", sending: "{n}%", reading: "正在读取", done: "已添加", open: "打开", cancel: "放弃 {name}", retry: "重试", unreadable: "只能读取 PDF、Word（.docx）、Markdown（.md）、HTML（.html）、文本（.txt）和表格（.csv、.tsv）。", empty: "文件是空的。",
    progress: "{name} 的上传进度", kinds: "PDF、Word、Markdown、HTML、文本，或问答表（.csv、.tsv）",
  },
  edit: {
    new: "新文档", title: "标题", titleText: "留空则取正文的第一个标题。", language: "语言", languageText: "正文的语言。", otherLanguage: "其他或未知", format: "类型", formatText: { markdown: "按标题切分成片段，最好一个主题一个标题。", html: "网页正文，不含菜单。", text: "没有标题，按段落切分。", csv: "每行一个问题和它的答案。" },
    url: "网址", urlText: "客户在哪里能看到它，可留空。", badUrl: "地址须以 https:// 或 http:// 开头", enabled: "允许被找到", enabledText: "停用后保留，但不会被找到。", text: "正文", write: "撰写", preview: "预览", previewText: "索引读到的内容。", nothingYet: "您写的内容会显示在这里。", noRows: "还没有包含问题和答案的行：两列，用逗号分隔。",
    cut: "仅显示开头部分。", leftOut: "机器人不会使用其中 {n} 段", leftOutText: "下列文字看起来像是给机器的指令，机器人看不到它们所在的段落。换一种说法即可。", takeOff: "从未答问题中移除“{question}”", saved: "已保存，正在构建索引。", removeTitle: "删除此文档？", removeText: "它将不再被找到，且无法恢复。", removeGolden: "以它为准的 {n} 个基准问题也会一并删除。", gone: "此文档已不存在", goneText: "它已被删除。", all: "所有文档",
    example: "# 退换货\n\n## 多久之内可以退货？\n\n30 天内……", exampleTable: "问题,答案\n多久之内可以退货？,30 天内。",
  },
  try: {
    leftOut: "不使用", leftOutText: "机器人不使用此段：“{words}”看起来像是给机器的指令。", question: "像客户那样提一个问题", ask: "提问", begin: "提一个问题", beginText: "您会看到找到了哪些文档，以及回答会出自哪一篇。", used: "回答将出自这里", answers: "直接回答该问题", score: "得分 {n}", why: "为何找到它", scores: { words: "相同词语", parts: "部分词语", concepts: "相同主题", heading_vector: "标题语义", text_vector: "正文语义" },
    none: "什么也没有找到", noneText: "没有与这个问题相关的文档。", noIndex: "还没有索引", noIndexText: "请先添加文档。", write: "撰写答案", golden: "应找到此文档", goldenText: "将其设为基准问题：找不到此文档的索引不会启用。", unanswered: "都没有回答这个问题", noted: "已记入未答问题", results: "搜索结果", version: "由版本 {n} 回答",
  },
  golden: {
    add: "添加问题", empty: "还没有基准问题", emptyText: "写下您知道正确文档的问题。只有它们全部找到对应的文档，新索引才会启用：修改不会破坏原本正确的回答。", question: "问题", questionText: "像客户那样提问，任何语言均可。", document: "必须找到的文档", within: "在前几个之内", withinText: "1 到 10 个结果。", badWithin: "请输入 1 到 10 的整数。", noDocument: "请选择文档。", noDocuments: "请先添加文档：基准问题需要对应一篇文档。",
    verdicts: { passed: "通过", failed: "未通过", waiting: "等待中", unknown: "尚未检查" }, expects: "应找到 {title}", first: "在前 {n} 个之内", foundInstead: "实际排在第一的是“{title}”。", foundNothing: "什么也没有找到。", removeTitle: "删除此基准问题？", removeText: "新索引将不再检查它。", tryIt: "试一试", saved: "已保存，新索引会检查它。",
  },
  unanswered: {
    empty: "没有未答问题", emptyText: "知识库中没有答案的问题会汇集在这里，方便您补充缺少的内容。", count: "问过 {n} 次", last: "最近 {time}", since: "首次 {time}", write: "撰写答案", tryIt: "试一试", dismiss: "忽略", dismissName: "忽略“{question}”", sort: "排序", sorts: { count: "提问最多", last: "最近提问" }, find: "搜索问题",
  },
};
