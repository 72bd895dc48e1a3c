import type { Texts } from "../texts.ts";

export const queue: Texts["queue"] = {
  nobody: "没有客户在等", nobodyText: "{n} 位客服在线，还可接待 {free} 个会话。", nobodyHere: "没有客服在线：现在来的访客需要等待。", waiting: "{n} 位客户正在等待", longest: "最长已等 {time}。",
  noRoom: "在线客服都已满负荷。", waitingNow: "正在等待", longestWait: "最长等待", typical: "通常等待", typicalText: "最近一小时的中位数", typicalNone: "最近一小时无人等待", free: "剩余容量", freeText: "{n} 位客服在线", late: "超过承诺", latePromise: "承诺 {time} 内首次回复", lateNone: "未设置承诺",
  lateHint: "统计等待时间超过承诺的首次回复时长的会话，包含非营业时间。", list: "等待中的客户", listText: "等待最久的排在前面", team: "小组", noTeam: "无小组", teams: "各小组等待情况", agents: "客服", agentsText: "谁在线、负荷如何", open: "打开", listen: "旁听", listenTo: "{name} 进行中的会话",
  load: "{open} / {capacity}", full: "已满", room: "可再接 {n} 个", noAgents: "没有客服在线", noAgentsText: "客服登录后会立即显示在这里。", more: "全部等待中的会话", updated: "实时", stale: "非实时：连接已断开", lateBadge: "超时",
  status: { online: "在线", busy: "忙碌", away: "离开", offline: "离线" },
};
