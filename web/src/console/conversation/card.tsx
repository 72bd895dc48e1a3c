// The dialog in which a card is written.

import { Button, Modal, Textarea, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import type { Body } from "../../shared/packets.ts";
import { useTexts } from "../i18n/index.ts";
import { Content } from "./bodies.tsx";
import { cardBody, cardErrors, type CardDraft, type CardField } from "./card.ts";
import css from "./conversation.module.css";

interface Props { begun: CardDraft; send: (body: Body) => void; close: () => void }

export function CardModal({ begun, send, close }: Props) {
  const t = useTexts();
  const [draft, setDraft] = useState(begun);
  const [tried, setTried] = useState(false);
  const errors = cardErrors(draft, t);
  const field = (name: CardField) => ({
    label: t.card[name], value: draft[name], error: tried ? errors[name] : undefined, "data-testid": `card-${name}`,
    onChange: (e: { target: { value: string } }) => setDraft({ ...draft, [name]: e.target.value }),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    setTried(true);
    if (Object.keys(errors).length > 0) return;
    send(cardBody(draft));
    close();
  };
  return (
    <Modal opened onClose={close} title={t.card.send} closeButtonProps={{ "aria-label": t.shell.close }}>
      <form className={css.writeCard} onSubmit={submit} noValidate>
        <TextInput {...field("title")} required maxLength={200} data-autofocus />
        <Textarea {...field("text")} maxLength={2000} rows={3} />
        <div className={css.pair}><TextInput {...field("price")} maxLength={40} inputMode="decimal" /><TextInput {...field("currency")} maxLength={3} placeholder="CNY" /></div>
        <TextInput {...field("url")} type="url" maxLength={2000} placeholder="https://" />
        <TextInput {...field("image")} description={t.card.imageText} maxLength={2000} placeholder="https://" />
        {draft.title.trim() !== "" && <div className={css.sample} aria-label={t.card.sample}><Content kind="card" body={cardBody(draft)} /></div>}
        <div className={css.foot}>
          <Button variant="default" onClick={close}>{t.shell.cancel}</Button>
          <Button type="submit" data-testid="card-go">{t.conversation.send}</Button>
        </div>
      </form>
    </Modal>
  );
}
