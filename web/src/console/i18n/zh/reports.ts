import type { Texts } from "../texts.ts";

export const reports: Texts["reports"] = {
  title: "报表", sections: "报表", asChart: "显示图表", asTable: "显示表格",
  section: { overview: "概览", now: "实时", volume: "会话量", response: "首次响应", resolution: "解决时长", ratings: "评价", handoffs: "转接", agents: "客服", teams: "小组", hours: "繁忙时段" },
  about: {
    overview: "一眼看清发生了什么", now: "有客户在等吗？", volume: "会话与消息", response: "访客等待人工首次回复的时长", resolution: "会话从开始到结束的时长",
    ratings: "访客的评价", handoffs: "客服、小组与机器人之间", agents: "每位客服的工作。首次响应与解决时长为中位数。", teams: "每个小组的工作。首次响应与解决时长为中位数。", hours: "一周中哪些时段繁忙",
  },
  forbidden: "报表仅供主管和管理员查看", forbiddenText: "如有需要，请联系管理员。",
  range: "时间", ranges: { today: "今天", yesterday: "昨天", "7d": "最近 7 天", "28d": "最近 28 天", "90d": "最近 90 天", month: "本月", lastmonth: "上月", custom: "选择日期…" },
  from: "从", to: "到", apply: "显示", badDays: "开始日期不能晚于结束日期。", tooLong: "报表最多跨 {n} 天。", by: "粒度", byAuto: "自动", byDay: "按天", byHour: "按小时", noHours: "按小时最多 {n} 天",
  zone: "时区", team: "小组", agent: "客服", allTeams: "全部小组", allAgents: "全部客服", noTeam: "无小组", compare: "与上一周期对比", filters: "筛选", csv: "下载 CSV",
  incomplete: "升级前的会话仍在统计中，数字还会增加。", nothing: "这段时间没有数据", nothingText: "请选择其他日期或减少筛选条件。",
  versus: "上期：{value}", up: "比上期多 {n}", down: "比上期少 {n}", same: "与上期持平", before: "上一周期", during: "日期", hour: "小时",
  created: "新会话", closed: "已结束", reopened: "重新打开", abandoned: "已放弃", abandonedShare: "占已结束的 {n}", visitorMessages: "访客消息", agentMessages: "客服消息", botMessages: "机器人消息", apiMessages: "程序消息", messages: "消息", conversations: "会话",
  firstResponse: "首次响应", resolution: "解决时长", median: "中位数", mean: "平均值", p90: "九成不超过", ofAnswers: "{n} 次回复", ofConversations: "{n} 个会话", ofRatings: "{n} 个评价",
  waited: "排队等待", left: "等待中离开", rating: "评分", ratings: "评价", stars: "{n} 星", meanRating: "平均评分", satisfied: "满意率", satisfiedText: "4 或 5 星", distribution: "评分分布", spread: "{n} / {all}",
  toHuman: "转人工", toBot: "转机器人", transfers: "转接", perConversation: "占新会话的 {n}", assigned: "分配", name: "名称", gone: "已删除", online: "在线", sortBy: "按{name}排序", onlyThis: "只看 {name}",
  metric: "显示", least: "空闲", most: "繁忙", cell: "{day} {from}–{to}：{n}",
};
