import type { Texts } from "../texts.ts";

export const panel: Texts["panel"] = {
  title: "访客", why: "为何由此客服接待", verified: "已验证", unverified: "未验证", verifiedText: "网站已确认此人身份。", unverifiedText: "此人身份未经确认。", onlineNow: "在线", lastSeen: "最近访问",
  email: "邮箱", phone: "电话", externalId: "客户编号", locale: "语言", firstSeen: "首次来访", firstPage: "首个页面", edit: "编辑访客", page: "访客主页", block: "封禁…", blockGo: "封禁", blockTitle: "封禁 {name}？", blockText: "此访客将不能再在任何会话中发言，直到在此处或设置中解除。", unblock: "解除封禁…", unblockTitle: "解除对 {name} 的封禁？", cart: "购物车与订单", noCart: "购物车是空的", inCart: "购物车", order: "订单", item: "商品", total: "合计",
  trail: "浏览轨迹", noTrail: "暂无浏览记录", steps: { page_view: "页面", cart_updated: "购物车变更", order_placed: "已下单", custom: "事件" }, earlier: "历史会话", noEarlier: "这是第一次会话",
  attributes: "属性", noAttributes: "暂无", addAttribute: "添加属性", editAttribute: "编辑 {name}", value: "值", silent: "{name} 在 {n} 秒内未回复。", because: "原因：该客服{reason}。", waitsSince: "尚无人接待，已等待：{time}。", botHas: "由机器人接待。", nobodyHas: "无人接待。", has: "由 {name} 接待。",
  reasons: { leastLoaded: "接待量最少（{n}/{of}）", inTurn: "轮到接待（{n}/{of}）", sticky: "上次接待过此访客" },
};
