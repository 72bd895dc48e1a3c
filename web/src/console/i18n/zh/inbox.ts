import type { Texts } from "../texts.ts";

export const inbox: Texts["inbox"] = {
  title: "会话", visitor: "访客 {id}", list: "会话列表", views: "队列", moreViews: "更多队列", pick: "选择一个会话", pickText: "按 J 和 K 依次打开列表中的会话，按回车开始输入。",
  view: { mine: "我的", queued: "排队中", open: "进行中", bot: "机器人接待", snoozed: "已搁置", closed: "已结束", all: "全部" },
  empty: {
    mine: "您没有进行中的会话", queued: "没有人在排队", open: "没有进行中的会话", bot: "机器人没有在接待", snoozed: "没有搁置的会话",
    closed: "没有已结束的会话", all: "还没有会话",
  },
  nothingFound: "没有找到", noMessage: "还没有消息", waits: "已等 {time}", unread: "{n} 条未读", urgent: "紧急", botSaid: "机器人：{text}", weSaid: "↩ {text}",
  search: "搜索会话", searchHint: "搜索消息内容", clear: "清除搜索", filters: "筛选", filtersOn: "已设置 {n} 个筛选条件", any: "不限", nobody: "未分配", assignee: "负责人", team: "小组", label: "标签",
  since: "从", until: "到", noFilters: "清除筛选", next: "下一个会话", previous: "上一个会话", showView: "查看：{view}",
  toList: "返回列表",
  givenToYou: "有新会话分配给您", givenBy: "来自 {name}",
};
