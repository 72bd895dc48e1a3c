// What a message holds, by its kind. Everything in it was written by somebody else: it is shown as text, links lead to http(s) only,
// and nothing is loaded from anywhere but this server unless an agent asks for it.

import { useState, type MouseEvent } from "react";
import type { Body, Kind } from "../../shared/packets.ts";
import { actionsOf } from "../../widget/ui/bodies.ts";
import { fieldsOf } from "../../widget/ui/fields.ts";
import { fileSize, pieces, safeImage, safeLink, str, uploadOf } from "../../widget/text.ts";
import { say, useTexts } from "../i18n/index.ts";
import { money } from "../panel/trail.ts";
import { Foreign } from "../ui/foreign.tsx";
import { IconDownload, IconFile, IconPhoto } from "../ui/icons.ts";
import css from "./conversation.module.css";
import { useFile, type Link } from "./link.ts";
import { said } from "./said.ts";

export function Content({ kind, body }: { kind: Kind; body: Body }) {
  switch (kind) {
    case "image": return <Picture body={body} />;
    case "file": return <FileRow body={body} />;
    case "card": return <Card body={body} />;
    case "form": return <Form body={body} />;
    default: return <Text kind={kind} body={body} />;
  }
}

function Text({ kind, body }: { kind: Kind; body: Body }) {
  const t = useTexts();
  return <div className={css.text} dir="auto" data-text><Rich text={said(kind, body, t)} /></div>;
}

/** A text whose addresses can be followed. */
export function Rich({ text }: { text: string }) {
  return pieces(text).map((p, i) => (p.href === "" ? p.text : <a key={i} href={p.href} target="_blank" rel="noopener noreferrer nofollow">{p.text}</a>));
}

/** What a click on a file does: the browser follows the link, unless that is too old, as it is after a sleep. */
function follow(e: MouseEvent<HTMLAnchorElement>, file: Link): void {
  if (!file.old()) return;
  e.preventDefault();
  const { target, download } = e.currentTarget;
  void file.again().then((href) => {
    if (href !== "") Object.assign(document.createElement("a"), { href, target, rel: "noopener noreferrer", ...(download === "" ? {} : { download }) }).click();
  });
}

function Picture({ body }: { body: Body }) {
  const t = useTexts();
  const file = useFile(uploadOf(body["url"]));
  const name = str(body["name"]);
  const [w, h] = [Number(body["width"]) || 240, Number(body["height"]) || 160];
  const scale = Math.min(1, 280 / w, 220 / h);
  const style = { width: Math.max(40, w * scale), height: Math.max(40, h * scale) };
  if (file === null || file.thumb === "") return <FileRow body={body} />;
  return <a className={css.picture} style={style} href={file.url} onClick={(e) => follow(e, file)} target="_blank" rel="noopener noreferrer" data-testid="picture"><img src={file.thumb} alt={name || t.conversation.saidImage} loading="lazy" /></a>;
}

function FileRow({ body }: { body: Body }) {
  const t = useTexts();
  const file = useFile(uploadOf(body["url"]));
  const name = str(body["name"]) || t.conversation.unsupported;
  const inner = <><IconFile size={20} aria-hidden="true" /><span><b dir="auto" data-text>{name}</b><small>{fileSize(body["size"])}</small></span>{file !== null && <IconDownload size={16} aria-hidden="true" />}</>;
  return file === null ? <div className={css.file}>{inner}</div> : <a className={css.file} href={file.url} onClick={(e) => follow(e, file)} target="_blank" rel="noopener noreferrer" download={name} data-testid="file">{inner}</a>;
}

/** A card's picture: an upload as it is, one from elsewhere once it is wanted. */
function CardPicture({ image, title }: { image: unknown; title: string }) {
  const t = useTexts();
  const src = safeImage(image);
  const [state, setState] = useState<"" | "asked" | "lost">("");
  if (uploadOf(image) !== "") return <Picture body={{ url: image, name: title, width: 240, height: 150 }} />;
  if (src === "") return null;
  if (state === "lost") return <small className={css.lost} role="status">{t.card.pictureLost}</small>;
  return state === "" ? <button type="button" className={css.showPicture} onClick={() => setState("asked")} data-testid="show-picture"><IconPhoto size={16} aria-hidden="true" />{say(t.card.show, { host: new URL(src).host })}</button>
    : <div className={css.cardPicture} data-testid="card-picture"><Foreign src={src} label={title || t.card.image} ended={(shown) => { if (!shown) setState("lost"); }} /></div>;
}

function Card({ body }: { body: Body }) {
  const t = useTexts();
  const title = str(body["title"]), text = str(body["text"]), price = str(body["price"]);
  const link = safeLink(body["url"]);
  return (
    <div className={css.card} data-testid="card">
      <CardPicture image={body["image"]} title={title} />
      {title !== "" && <b dir="auto">{link === "" ? title : <a href={link} target="_blank" rel="noopener noreferrer nofollow">{title}</a>}</b>}
      {text !== "" && <div className={css.text} dir="auto" data-text><Rich text={text} /></div>}
      {price !== "" && <span className={css.price}>{money(body["price"], body["currency"])}</span>}
      {title === "" && text === "" && <span>{t.conversation.card}</span>}
      {actionsOf(body).map((a, i) => (a.href === "" ? <span key={i} className={css.chip}>{a.label}</span> : <a key={i} className={css.chip} href={a.href} target="_blank" rel="noopener noreferrer nofollow">{a.label}</a>))}
    </div>
  );
}

function Form({ body }: { body: Body }) {
  const t = useTexts();
  return (
    <div className={css.card} data-testid="form">
      <b dir="auto" data-text>{str(body["title"]) || t.conversation.form}</b>
      <ul>{fieldsOf(body).map((f) => <li key={f.name} dir="auto">{f.label}{f.required && " *"}</li>)}</ul>
    </div>
  );
}
