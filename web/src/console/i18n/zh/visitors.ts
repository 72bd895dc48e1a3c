import type { Texts } from "../texts.ts";

export const visitors: Texts["visitors"] = {
  title: "访客", everybody: "全部访客", live: "在线访客", view: "访客", count: "{n} 位访客在线", unnamed: "访客 {id}", find: "姓名、邮箱、电话或编号", findLive: "姓名、邮箱、编号或页面",
  filters: "筛选", clear: "清除筛选", verified: "已验证", verifiedHint: "商店已签名确认其身份", unverified: "未验证", unverifiedHint: "该姓名可能由任何人填写", blocked: "已封禁", notBlocked: "未封禁", erased: "已抹除", any: "全部", identity: "身份", blocklist: "黑名单", since: "首次来访不早于", until: "首次来访不晚于",
  name: "姓名", contact: "联系方式", conversations: "会话", lastSeen: "最近来访", firstSeen: "首次来访", noneYet: "还没有人写过消息", noneYetText: "访客发出第一条消息后会显示在这里。", noneFound: "没有找到访客", noneFoundText: "请更换关键词或减少筛选条件。",
  nobodyOnline: "当前没有访客在线", nobodyOnlineText: "访客打开聊天窗口后会立即显示在这里。", incomplete: "系统的一部分没有响应，部分访客未显示。", tooDeep: "只显示前 {n} 位，请筛选或反向排序。",
  state: { idle: "浏览中", queued: "排队中", chatting: "对话中" }, anyState: "全部状态", page: "页面", country: "国家/地区", countryHint: "两个字母，例如 CN", hasCart: "有购物车", status: "状态", pages: "页数", cart: "购物车", here: "停留", sort: "排序", sorts: { since: "到访时间", last_seen: "最近操作", pages: "浏览页数", cart_value: "购物车金额" }, descending: "从大到小", ascending: "从小到大", seen: "最近操作", sortBy: "按{name}排序",
  openChat: "打开会话", invite: "邀请对话", inviteText: "您将重新打开上一次的会话，访客会看到您写的内容。", inviteNever: "该访客还没有写过消息，因此没有可以写入的会话。", profile: "访客资料", details: "{name} 的详情", left: "该访客已不在网站上，或已重新进入。", gone: "该访客已离开。",
  back: "全部访客", who: "身份", email: "邮箱", phone: "电话", externalId: "商店编号", locale: "语言", firstPage: "首次留言页面", edit: "编辑", editTitle: "编辑访客", conflict: "其他人刚刚修改了该访客。现在显示的是最新内容，请重新修改。", notFound: "找不到该访客", notFoundText: "没有写过消息的访客仅在线时可见。",
  attributes: "属性", attributesText: "网站和团队了解的信息", noAttributes: "没有属性", key: "名称", value: "值", addAttribute: "添加属性", attributeExists: "已有同名属性", removeAttribute: "删除 {name}", valueHint: "true、false 和数字会按原类型保存",
  trail: "动态", trailText: "访客在网站上的操作，最新的在前", noTrail: "网站没有上报该访客的动态", event: { page_view: "浏览", cart_updated: "购物车", order_placed: "下单", custom: "事件" }, emptyCart: "购物车已清空", order: "订单 {id}", orders: "订单", inCart: "购物车内", pieces: "{name} × {n}", total: "合计", noOrders: "没有购物车和订单",
  noConversations: "没有会话", more: "更多", exportAll: "导出全部数据", erase: "抹除此人…", eraseTitle: "抹除 {name}？", eraseText: "此人的消息、文件、动态和联系方式将被永久抹除，其连接会断开。报表中的计数会保留。此操作无法撤销。", eraseType: "请输入 {word} 以确认", eraseDo: "永久抹除", eraseDone: "已抹除此人", erasedText: "已于 {date} 抹除：剩余内容仅用于统计。", exported: "导出已保存",
};
