// Mantine in the console's clothes: dense, and every colour a token of tokens.css.

import { createTheme, localStorageColorSchemeManager, Modal, Drawer, Tooltip, Button, ActionIcon, TextInput, Textarea, PasswordInput, NumberInput, Select, MultiSelect, TagsInput, Menu, Switch, Checkbox, SegmentedControl, Badge, Table, Popover, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

const brand: MantineColorsTuple = ["#e6f5f2", "#cfe9e4", "#a3d6cd", "#74c2b5", "#4db1a1", "#2fa08e", "#148370", "#0d7566", "#0a5f53", "#074840"];
const dark: MantineColorsTuple = ["#e7e9ec", "#c3c8cf", "#a3aab4", "#6f7781", "#363d44", "#262b30", "#1c2024", "#15181b", "#0f1113", "#0a0b0d"];
/** A shade darker than Mantine's own, on which white words are too pale (4.5:1). */
const red: MantineColorsTuple = ["#fff5f5", "#ffe3e3", "#ffc9c9", "#ffa8a8", "#ff8787", "#ff6b6b", "#e03131", "#c92a2a", "#b02525", "#9b2020"];

const field = { defaultProps: { size: "sm" } };
const layer = { zIndex: 300, transitionProps: { duration: 120 } };

export const theme = createTheme({
  colors: { brand, dark, red },
  primaryColor: "brand",
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  cursorType: "pointer",
  defaultRadius: "sm",
  fontFamily: "var(--u-font)",
  fontFamilyMonospace: "var(--u-mono)",
  fontSizes: { xs: "0.75rem", sm: "0.84375rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  radius: { xs: "4px", sm: "7px", md: "9px", lg: "12px", xl: "18px" },
  spacing: { xs: "6px", sm: "10px", md: "14px", lg: "20px", xl: "28px" },
  headings: { fontWeight: "620", sizes: { h1: { fontSize: "1.25rem" }, h2: { fontSize: "1.0625rem" }, h3: { fontSize: "0.9375rem" }, h4: { fontSize: "0.875rem" } } },
  respectReducedMotion: true,
  components: {
    // The page itself does not scroll: there is nothing to lock, and the lock writes <style> elements.
    Modal: Modal.extend({ defaultProps: { lockScroll: false, centered: true, overlayProps: { backgroundOpacity: .4 }, ...layer }, styles: { title: { fontWeight: 620 } } }),
    Drawer: Drawer.extend({ defaultProps: { lockScroll: false, overlayProps: { backgroundOpacity: .4 }, ...layer }, styles: { title: { fontWeight: 620 } } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 350, transitionProps: { duration: 80 }, withArrow: false, offset: 6 } }),
    Button: Button.extend({ defaultProps: { size: "xs", fw: 550 } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: "subtle", color: "gray", size: "md" } }),
    TextInput: TextInput.extend(field), Textarea: Textarea.extend(field), PasswordInput: PasswordInput.extend(field), NumberInput: NumberInput.extend(field),
    Select: Select.extend({ defaultProps: { size: "sm", allowDeselect: false, checkIconPosition: "right", comboboxProps: { transitionProps: { duration: 80 } } } }),
    MultiSelect: MultiSelect.extend(field), TagsInput: TagsInput.extend(field),
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false, shadow: "md", transitionProps: { duration: 80 } } }),
    Popover: Popover.extend({ defaultProps: { shadow: "md", transitionProps: { duration: 80 } } }),
    Switch: Switch.extend({ defaultProps: { size: "sm" } }), Checkbox: Checkbox.extend({ defaultProps: { size: "xs", radius: "xs" } }),
    SegmentedControl: SegmentedControl.extend({ defaultProps: { size: "xs" } }),
    Badge: Badge.extend({ defaultProps: { size: "sm", variant: "light", tt: "none", fw: 550 } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: "xs", horizontalSpacing: "sm" } }),
  },
});

const shared = {
  "--mantine-color-body": "var(--u-panel)", "--mantine-color-text": "var(--u-text)", "--mantine-color-dimmed": "var(--u-soft)", "--mantine-color-placeholder": "var(--u-faint)",
  "--mantine-color-default": "var(--u-panel)", "--mantine-color-default-hover": "var(--u-hover)", "--mantine-color-default-color": "var(--u-text)", "--mantine-color-default-border": "var(--u-line-strong)",
  "--mantine-color-error": "var(--u-danger)", "--mantine-color-anchor": "var(--u-brand-ink)",
};

/** What stands on the light badges: Mantine's own is too pale for words this small (4.5:1). */
const onLight = Object.fromEntries(Object.entries({ green: "#226f33", teal: "#07694c", yellow: "#8a4b00", orange: "#a03700" }).map(([name, ink]) => [`--mantine-color-${name}-light-color`, ink]));

/** By night Mantine's own are slabs of colour with white words: what is dangerous or a warning looks as it does elsewhere in the console. */
const onDark = Object.fromEntries(Object.entries({ red: "danger", orange: "warn", yellow: "warn", green: "ok", teal: "ok", blue: "info" }).flatMap(([name, tone]) => [
  [`--mantine-color-${name}-light`, `var(--u-${tone}-soft)`], [`--mantine-color-${name}-light-hover`, `var(--u-${tone}-soft)`], [`--mantine-color-${name}-light-color`, `var(--u-${tone})`], [`--mantine-color-${name}-outline`, `var(--u-${tone})`],
]));

export const variables: CSSVariablesResolver = () => ({ variables: { "--mantine-shadow-md": "var(--u-shadow)" }, light: { ...shared, ...onLight }, dark: { ...shared, ...onDark } });
export const colours = localStorageColorSchemeManager({ key: "uniqchat:console:colours" });
