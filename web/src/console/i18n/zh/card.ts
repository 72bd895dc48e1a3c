import type { Texts } from "../texts.ts";

export const card: Texts["card"] = {
  send: "发送卡片", asCard: "作为卡片发送：{name}", title: "标题", text: "内容", price: "价格", currency: "货币", url: "链接", image: "图片", imageText: "网上图片的地址，以 https 开头。", sample: "卡片预览",
  badLink: "地址须以 https:// 或 http:// 开头。", badImage: "图片地址须以 https:// 开头。", badCurrency: "三个字母，例如 CNY。", show: "显示来自 {host} 的图片", pictureLost: "图片无法加载。", lines: "{name} × {n}",
};
