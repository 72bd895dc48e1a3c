// The help of the keyboard: what "?" shows.

import { Modal } from "@mantine/core";
import { Fragment } from "react";
import { useTexts } from "../i18n/index.ts";
import { keyCaps, useAllCommands, type Command } from "./commands.ts";
import css from "./shell.module.css";

const groups: readonly Command["group"][] = ["general", "list", "conversation", "actions"];

export function Keys({ keys }: { keys: string }) {
  const t = useTexts();
  const between = keys.includes(" ") ? ` ${t.shell.go} ` : " ";
  return <span className={css.keys}>{keyCaps(keys).map((k, i) => <Fragment key={i}>{i > 0 && between}<kbd>{k}</kbd></Fragment>)}</span>;
}

export function Help({ opened, close }: { opened: boolean; close: () => void }) {
  const t = useTexts();
  const all = useAllCommands().filter((c) => c.keys !== undefined);
  return (
    <Modal opened={opened} onClose={close} title={t.shell.shortcuts} size="lg" closeButtonProps={{ "aria-label": t.shell.close }}>
      <div className={css.help}>
        {groups.filter((g) => all.some((c) => c.group === g)).map((g) => (
          <section key={g}>
            <h3>{t.shell[g]}</h3>
            <dl>{all.filter((c) => c.group === g).map((c) => <div key={c.id}><dt>{c.name}</dt><dd><Keys keys={c.keys ?? ""} /></dd></div>)}</dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
