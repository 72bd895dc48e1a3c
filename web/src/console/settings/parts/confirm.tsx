// Asks before something that can't be undone.

import { Button, Modal } from "@mantine/core";
import { useState } from "react";
import { useTexts } from "../../i18n/index.ts";
import css from "../settings.module.css";
import { Problem } from "./form.tsx";

interface Props {
  /** The word on the button that asks, and on the one that does it. */
  action: string;
  title: string;
  text: string;
  run: () => Promise<unknown>;
  done?: () => void;
  variant?: string;
  color?: string;
  testid?: string;
}

export function Confirm({ action, title, text, run, done, variant = "subtle", color = "red", testid = "delete" }: Props) {
  const t = useTexts();
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const close = () => {
    setAsked(false);
    setProblem(null);
  };
  const yes = () => {
    setBusy(true);
    setProblem(null);
    run().then(() => {
      setAsked(false);
      done?.();
    }, setProblem).finally(() => setBusy(false));
  };
  return (
    <>
      <Button variant={variant} color={color} onClick={() => setAsked(true)} data-testid={testid}>{action}</Button>
      <Modal opened={asked} onClose={close} title={title} size="sm" zIndex={450} closeButtonProps={{ "aria-label": t.shell.close }}>
        <p className={css.plain}>{text}</p>
        <Problem error={problem} />
        <div className={css.buttons}>
          <Button variant="default" onClick={close} data-autofocus>{t.shell.cancel}</Button>
          <Button color={color} onClick={yes} loading={busy} data-testid={`${testid}-yes`}>{action}</Button>
        </div>
      </Modal>
    </>
  );
}
