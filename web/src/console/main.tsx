// The console: one page for agents, supervisors and admins.

import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@mantine/spotlight/styles.css";
import "./theme/tokens.css";

import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { cache } from "./api/query.ts";
import { App } from "./app.tsx";
import { loadLanguage } from "./i18n/index.ts";
import { listenForKeys } from "./shell/commands.ts";
import { Boundary } from "./ui/boundary.tsx";
import { colours, theme, variables } from "./theme/theme.ts";

listenForKeys();
await loadLanguage();
createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={variables} colorSchemeManager={colours} defaultColorScheme="auto">
      <QueryClientProvider client={cache}>
        <Router base="/console">
          <Boundary><App /></Boundary>
        </Router>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
