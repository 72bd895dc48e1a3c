import type { Texts } from "../texts.ts";

export const session: Texts["session"] = {
  welcome: "登录", intro: "接待您的访客。", email: "邮箱", password: "密码", login: "登录", forgot: "忘记密码？",
  badLogin: "邮箱或密码不正确。", badTenant: "该企业中没有与此邮箱和密码相符的账号。", slow: "尝试次数过多，请 {n} 秒后重试。", tenantTitle: "选择企业", tenantText: "该邮箱属于多个企业，请填写要登录的企业标识。", tenant: "企业标识",
  codeTitle: "两步验证", codeText: "请输入验证器应用中的六位数字，或一个恢复码。", code: "验证码", badCode: "验证码不正确。", expired: "已超时，请重新登录。", confirm: "继续", restart: "重新开始",
};
