import type { Texts } from "../texts.ts";

export const guide: Texts["guide"] = {
  title: "接待您的第一位访客", text: "四个步骤，约两分钟。", finished: "您已完成第一次接待", finishedText: "就是这么简单。", skip: "跳过引导", login: "登录",
  online: "已完成。您当前在线，新会话可以分配给您。", offline: "已完成。请在左下角菜单中将状态设为在线，以便接收会话。",
  try: "以访客身份发消息", tryText: "在另一个标签页打开带有聊天窗口的页面，随便写点什么。", demo: "打开演示商店", noKey: "在设置中创建站点密钥，并将代码片段放入您的页面。", askAdmin: "请向管理员索取带有聊天窗口的页面。",
  accept: "接待会话", acceptText: "会话会出现在左侧列表中，可能已分配给您，也可能在排队。按 A 接待排队中的会话。", answer: "回复", answerText: "打开会话，按 R，输入内容后回车，访客立即可见。", open: "打开会话", next: "将聊天窗口放入您的网站，添加团队成员和快捷回复：",
};
