/** The pages and panels that every pipeline has something for: a file each, a line each. */
import { actorsPage } from './pages/actors.js';
import { explainPage, explainPanel } from './pages/explain.js';
import { jobsPage } from './pages/jobs.js';
import { joinPage } from './pages/join.js';
import { journalPage } from './pages/journal.js';
import { overviewPage } from './pages/overview.js';
import { qualityPage } from './pages/quality.js';
import { runPage } from './pages/run.js';
import { settingsPage, settingsPanel } from './pages/settings.js';
import { sqlPage, sqlPanel } from './pages/sql.js';
import { streamPage } from './pages/stream.js';
import { streamsPage } from './pages/streams.js';
import { tablePage } from './pages/table.js';
import { tablesPage } from './pages/tables.js';
import { topologyPage } from './pages/topology.js';
import { windowPage } from './pages/window.js';
import { windowsPage } from './pages/windows.js';
import { actorHistoryPanel } from './panels/actor-history.js';
import { actorsPanel } from './panels/actors.js';
import { checksPanel } from './panels/checks.js';
import { deadLettersPanel } from './panels/dead-letters.js';
import { flowPanel } from './panels/flow.js';
import { headlinePanel } from './panels/headline.js';
import { joinPanel } from './panels/join.js';
import { lateEventsPanel } from './panels/late-events.js';
import { liveTailPanel } from './panels/live-tail.js';
import { logsPanel } from './panels/logs.js';
import { machinesPanel } from './panels/machines.js';
import { operatorsPanel } from './panels/operators.js';
import { readersPanel } from './panels/readers.js';
import { runsPanels } from './panels/runs.js';
import { streamPanel } from './panels/stream.js';
import { streamRowsPanel } from './panels/stream-rows.js';
import { streamsPanel } from './panels/streams.js';
import { tablePanel } from './panels/table.js';
import { tablesPanel } from './panels/tables.js';
import { topologyPanel } from './panels/topology.js';
import { windowPanel } from './panels/window.js';
import { windowsPanel } from './panels/windows.js';

export const OWN = {
  pages: [
    overviewPage,
    streamsPage,
    streamPage,
    windowsPage,
    windowPage,
    joinPage,
    topologyPage,
    explainPage,
    jobsPage,
    runPage,
    qualityPage,
    tablesPage,
    tablePage,
    sqlPage,
    journalPage,
    actorsPage,
    settingsPage,
  ],
  panels: [
    headlinePanel,
    topologyPanel,
    flowPanel,
    streamsPanel,
    streamPanel,
    liveTailPanel,
    streamRowsPanel,
    windowsPanel,
    windowPanel,
    joinPanel,
    operatorsPanel,
    ...runsPanels,
    checksPanel,
    deadLettersPanel,
    lateEventsPanel,
    tablesPanel,
    tablePanel,
    sqlPanel,
    explainPanel,
    logsPanel,
    readersPanel,
    actorsPanel,
    machinesPanel,
    actorHistoryPanel,
    settingsPanel,
  ],
};
