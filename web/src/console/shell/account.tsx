// The agent's own menu: how they stand, language, colours, sound, log-out.

import { Menu, useMantineColorScheme } from "@mantine/core";
import { IconBell, IconBellOff, IconDeviceDesktop, IconKeyboard, IconLanguage, IconLogout, IconMoon, IconSun, IconVolume, IconVolumeOff } from "../ui/icons.ts";
import { useReducer } from "react";
import type { Availability } from "../../shared/packets.ts";
import { chooseLanguage, languageCode, languages, useTexts } from "../i18n/index.ts";
import { logout, useLive, useMe, useStatus } from "../live/live.ts";
import { Avatar } from "../ui/avatar.tsx";
import { tellProblem } from "../ui/problem.tsx";
import css from "./shell.module.css";

const states: readonly Availability[] = ["online", "busy", "away", "offline"];

export function Account({ help }: { help: () => void }) {
  const t = useTexts();
  const live = useLive();
  const me = useMe();
  const status = useStatus();
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const { sound, desktop } = live.bell.settings;
  const set = async (change: { sound?: boolean; desktop?: boolean }) => {
    if (!(await live.bell.set(change))) tellProblem(new Error(t.shell.desktopDenied));
    redraw();
  };
  const scheme = [["light", IconSun], ["dark", IconMoon], ["auto", IconDeviceDesktop]] as const;
  return (
    <Menu position="right-end" width={240}>
      <Menu.Target>
        <button type="button" className={css.me} aria-label={`${t.shell.menu}: ${me.name}, ${t.shell[status]}`} data-testid="status" data-status={status}>
          <Avatar name={me.name} id={me.id} size={30} status={status} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={css.who}><b>{me.name}</b><span>{me.email}</span><span>{t.shell.roles[me.role]}</span></div>
        <Menu.Divider />
        <Menu.Label>{t.shell.status}</Menu.Label>
        <Menu.RadioGroup value={status} onChange={(s) => live.setStatus(s as Availability)}>
          {states.map((s) => <Menu.RadioItem key={s} value={s} closeMenuOnClick rightSection={<span className={css.dot} data-status={s} />} data-testid={`status-${s}`}>{t.shell[s]}</Menu.RadioItem>)}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item closeMenuOnClick={false} leftSection={sound ? <IconVolume size={16} /> : <IconVolumeOff size={16} />} rightSection={sound ? "✓" : null} onClick={() => void set({ sound: !sound })}>{t.shell.sound}</Menu.Item>
        <Menu.Item closeMenuOnClick={false} leftSection={desktop ? <IconBell size={16} /> : <IconBellOff size={16} />} rightSection={desktop ? "✓" : null} onClick={() => void set({ desktop: !desktop })}>{t.shell.desktop}</Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={help}>{t.shell.shortcuts}</Menu.Item>
        <Menu.Divider />
        <Menu.Label>{t.shell.colours}</Menu.Label>
        <div className={css.schemes} role="group" aria-label={t.shell.colours}>
          {scheme.map(([s, Icon]) => <button key={s} type="button" role="menuitemradio" aria-label={t.shell[s]} title={t.shell[s]} aria-checked={colorScheme === s} onClick={() => setColorScheme(s)}><Icon size={16} /></button>)}
        </div>
        <Menu.Label>{t.shell.language}</Menu.Label>
        {languages.map((l) => <Menu.Item key={l.code} leftSection={<IconLanguage size={16} />} rightSection={l.code === languageCode() ? "✓" : null} onClick={() => void chooseLanguage(l.code)}>{l.name}</Menu.Item>)}
        <Menu.Divider />
        <Menu.Item color="var(--u-danger)" leftSection={<IconLogout size={16} />} onClick={() => void logout()} data-testid="logout">{t.shell.logout}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
