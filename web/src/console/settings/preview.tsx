// The widget as it will look: a drawing of it with the settings as they stand.

import { SegmentedControl } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { languageCode, useTexts } from "../i18n/index.ts";
import { Foreign } from "../ui/foreign.tsx";
import { Mark } from "../ui/mark.tsx";
import { IconMessageCircle, IconSend } from "../ui/icons.ts";
import { safeImage } from "../../widget/text.ts";
import { onColour, type Both, type Look } from "./look.ts";
import css from "./preview.module.css";

const hex = /^#[0-9a-f]{6}$/i;
/** The widget's own words, for what is not set. */
const own = { zh: { title: "在线客服", greeting: "您好，有什么可以帮您？", input: "输入消息…", hello: "您好！请问这款还有货吗？" }, en: { title: "Chat with us", greeting: "Hello! How can we help?", input: "Write a message…", hello: "Hi! Is this one in stock?" } };

export function Preview({ look }: { look: Look }) {
  const t = useTexts();
  const s = t.settings.widget;
  const [dark, setDark] = useState(false);
  const lang = languageCode() === "zh" ? "zh" : "en";
  const say = (b: Both) => b[lang].trim() || b[lang === "zh" ? "en" : "zh"].trim();
  const night = look.theme === "dark" || look.theme === "auto" && dark;
  const color = hex.test(look.color) ? look.color : "#0d7566";
  const to = hex.test(look.color_to) ? look.color_to : color;
  const [logo] = useDebouncedValue(safeImage(look.logo.trim()), 500); // not for each letter of its address
  const [bad, setBad] = useState(""); // the logo that could not be loaded
  const title = say(look.title) || own[lang].title;
  const starters = look.starters.map(say).filter((x) => x !== "");
  return (
    <section className={css.stage} data-dark={night} data-side={look.position} style={{ "--w": color, "--w-to": to, "--w-on": onColour(color) } as React.CSSProperties} aria-label={s.preview} data-testid="preview">
      <header className={css.bar}><b>{s.preview}</b>{look.theme === "auto" && <SegmentedControl size="xs" aria-label={s.theme} value={dark ? "dark" : "light"} onChange={(x) => setDark(x === "dark")} data={[{ value: "light", label: s.themes.light }, { value: "dark", label: s.themes.dark }]} />}</header>
      {logo !== "" && logo === bad && <p className={css.none} role="status" data-testid="logo-lost">{s.logoLost}</p>}
      <div className={css.panel} aria-hidden="true">
        <div className={css.head}><span className={css.logo} data-letter={logo === "" || logo === bad} data-testid="preview-logo">{logo === "" || logo === bad ? [...title][0] : <Foreign src={logo} label={s.logo} ended={(shown) => setBad(shown ? "" : logo)} />}</span><b>{title}</b></div>
        <div className={css.body}>
          <p className={css.greeting}>{say(look.greeting) || own[lang].greeting}</p>
          {starters.length > 0 ? <div className={css.starters}>{starters.map((x) => <span key={x}>{x}</span>)}</div> : <p className={css.mine}>{own[lang].hello}</p>}
        </div>
        <div className={css.input}><span>{own[lang].input}</span><i><IconSend size={15} /></i></div>
        <div className={css.foot}><Mark size={11} /> uniqchat</div>
      </div>
      {look.hide_launcher ? <p className={css.none}>{s.noLauncher}</p> : <div className={css.launcher} aria-hidden="true"><IconMessageCircle size={26} />{say(look.launcher) !== "" && <span>{say(look.launcher)}</span>}</div>}
    </section>
  );
}
