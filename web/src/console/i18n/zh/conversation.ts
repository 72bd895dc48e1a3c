import type { Texts } from "../texts.ts";

export const conversation: Texts["conversation"] = {
  saidImage: "图片 {name}", saidFile: "文件 {name}", card: "卡片", form: "表单", unsupported: "此内容无法在这里显示", recalled: "消息已撤回", edited: "已编辑", note: "内部备注",
  bot: "机器人", system: "系统", agent: "客服", older: "加载更早的消息", newest: "回到最新消息", messages: "消息", loading: "正在加载会话…",
  gone: "会话不存在", goneText: "该会话不存在，或您的角色和小组无权查看。", tooFar: "该消息太早，无法在此显示，请下载聊天记录查看。", handedOver: "该会话已不再由您或您的小组负责。", looking: "{names} 也在查看", typing: "{name} 正在输入…", preview: "{name} 正在输入：{text}",
  sending: "发送中…", sent: "已发送", delivered: "已送达", read: "已读", failed: "未发送：{reason}", retry: "重试", discard: "放弃",
  reply: "回复", write: "输入回复…", writeNote: "写一条仅团队可见的备注…", send: "发送", message: "消息", viewer: "您可以查看，但不能回复。",
  accept: "接待", takeOver: "接管", close: "结束", reopen: "重新打开", lost: "{name} 抢先一步，已接待此会话。", lostUnknown: "已有其他客服接待此会话。",
  noteKey: "写备注", modes: "输入类型", attach: "添加附件", drop: "松开鼠标发送文件", uploads: "正在上传的文件", uploading: "正在上传 {name}", canned: "快捷回复", cannedWait: "正在读取快捷回复…", cannedLost: "无法读取快捷回复：{reason}", cannedAnyway: "按 Esc 后再按回车，可按原文发送。", enterSends: "回车发送，Shift+回车换行",
  more: "更多", transfer: "转接", transferGo: "转接", transferNote: "给接手同事的留言（访客看不到）", findWho: "查找客服或小组", teamQueue: "小组队列", nobodyFits: "没有匹配的客服或小组",
  requeue: "放回队列", toBot: "转给机器人", toHuman: "请求人工", labels: "标签", findLabel: "查找标签", noLabel: "没有这个标签", moreLabels: "还有 {n} 个：输入名称查找", priority: "优先级",
  priorities: { urgent: "紧急", high: "高", normal: "普通", low: "低" }, snooze: "搁置", snoozes: { hour: "一小时后", later: "三小时后", tomorrow: "明天上午", monday: "下周一", visitor: "直到访客回复" },
  snoozedUntil: "已搁置到 {time}，访客回复时会提前恢复。", snoozedVisitor: "已搁置，直到访客回复。", transcript: "下载聊天记录", mailTranscript: "将聊天记录邮件发送给访客", mailed: "聊天记录正在发送。", copyLink: "复制链接",
  listening: "您正在旁听：此会话由 {name} 接待，访客不会察觉。", messageMenu: "消息操作", recall: "撤回", tooLate: "已不能再修改", editing: "编辑消息",
  status: { queued: "排队中", open: "进行中", bot: "机器人接待", snoozed: "已搁置", closed: "已结束" },
  changes: {
    created: "会话开始", queued: "已回到队列", queuedBy: "{by} 将会话放回队列", assigned: "已分配给 {to}", assignedBy: "{by} 分配给了 {to}", accepted: "{to} 已接待",
    transferred: "{by} 转接给了 {to}", transferredTeam: "{by} 转接给了小组", closed: "会话已结束", closedBy: "{by} 结束了会话", reopened: "会话已重新打开", reopenedBy: "{by} 重新打开了会话",
    rated: "评价 {stars}", toBot: "{by} 转给了机器人", toHuman: "{by} 请求人工服务", labels: "{by} 设置了标签 {labels}", noLabels: "{by} 移除了全部标签", priority: "{by} 将优先级设为 {n}",
    context: "{by} 修改了详情", snoozed: "{by} 搁置了会话", woken: "会话已恢复", offline: "离线留言", abandoned: "访客离开了队列", late: "已超出承诺时间", other: "会话有变动",
  },
};
