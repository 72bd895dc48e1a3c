import { useTexts } from "../i18n/index.ts";
import { Page } from "../ui/page.tsx";

export default function Settings() {
  const t = useTexts();
  return <Page title={t.settings.title}><p /></Page>;
}
