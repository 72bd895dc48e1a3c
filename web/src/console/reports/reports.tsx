import { useTexts } from "../i18n/index.ts";
import { Page } from "../ui/page.tsx";

export default function Reports() {
  const t = useTexts();
  return <Page title={t.reports.title}><p /></Page>;
}
