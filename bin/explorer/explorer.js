// The shell around GraphiQL: who is signed in, the example operations, and GraphiQL itself.
// It opens the first example on the first visit and every other one in a tab of its own.
(() => {
  'use strict';
  const { editorWorker, jsonWorker, graphqlWorker, graphiql } = document.currentScript.dataset;
  const workers = { editorWorkerService: editorWorker, json: jsonWorker, graphql: graphqlWorker };
  self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_module, label) => workers[label] };

  const ROLES = ['CRM', 'ANALYST', 'OPERATOR', 'ADMIN'];
  const TABS = 'graphiql:tabState';

  async function ask(query) {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    if (response.status === 401) {
      location.replace('/login');
      return new Promise(() => undefined);
    }
    return (await response.json()).data ?? {};
  }

  /** A customer to start with; a role that may not list customers types one in. */
  async function someCustomer() {
    const { users } = await ask('{ users(first: 1) { nodes { externalId } } }').catch(() => ({}));
    return users?.nodes[0]?.externalId ?? '';
  }

  function variablesText(example, facts) {
    const filled = JSON.stringify(example.variables).replace(
      /\{\{(customer|now|id|today|later)\}\}/g,
      (_, name) => JSON.stringify(facts[name]).slice(1, -1),
    );
    return filled === '{}' ? '' : JSON.stringify(JSON.parse(filled), null, 2);
  }

  function savedTabs() {
    try {
      return JSON.parse(localStorage.getItem(TABS) ?? 'null');
    } catch {
      return null;
    }
  }

  function openTabOf(example) {
    return [...document.querySelectorAll('.graphiql-tab button, .graphiql-tab-button')].find(
      (button) => button.textContent.trim() === example.name,
    );
  }

  const tabOf = (example, facts) => ({
    id: `example-${example.name}`,
    hash: null,
    title: example.name,
    query: example.document,
    variables: variablesText(example, facts),
    headers: null,
    operationName: example.name,
    response: null,
  });

  /** What GraphiQL finds when it starts: these tabs, the one at `index` shown. */
  function saveTabs(tabs, index) {
    localStorage.setItem(TABS, JSON.stringify({ tabs, activeTabIndex: index }));
    localStorage.setItem('graphiql:query', tabs[index].query);
    localStorage.setItem('graphiql:variables', tabs[index].variables ?? '');
  }

  /** Shows the tab that has this operation, or starts GraphiQL again with one more. */
  function show(example, facts) {
    const open = openTabOf(example);
    if (open) {
      open.click();
      mark(example.name);
      return;
    }
    const tabs = [...(savedTabs()?.tabs ?? []), tabOf(example, facts)];
    saveTabs(tabs, tabs.length - 1);
    // ?query= of the address would win over the tab
    location.replace('/explorer');
  }

  function mark(name) {
    for (const button of document.querySelectorAll('#examples button'))
      button.setAttribute('aria-current', String(button.dataset.name === name));
  }

  function list(examples, facts, role) {
    const place = document.getElementById('examples');
    for (const example of examples) {
      const button = document.createElement('button');
      button.type = 'button';
      button.dataset.name = example.name;
      const title = document.createElement('b');
      title.textContent = example.title;
      const purpose = document.createElement('span');
      purpose.textContent = example.purpose;
      button.append(title, purpose);
      if (ROLES.indexOf(role) < ROLES.indexOf(example.needs)) {
        const needs = document.createElement('i');
        needs.textContent = ` Needs a key of role ${example.needs}.`;
        button.append(needs);
      }
      button.addEventListener('click', () => show(example, facts));
      const item = document.createElement('li');
      item.append(button);
      place.append(item);
    }
  }

  function load(source) {
    return new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = source;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${source} did not load`));
      document.head.append(script);
    });
  }

  const LOOK_EVERY_MS = 2_000;

  /**
   * GraphiQL asks for the schema when it starts. This presses its button to ask again when the server has
   * another one: at once after an answer, when the page is looked at again, and every two seconds.
   */
  function followSchema() {
    const plainFetch = self.fetch.bind(self);
    let shown = null;
    let looking = false;
    const look = async () => {
      if (looking || shown === null || document.hidden) return;
      looking = true;
      try {
        const answer = await plainFetch('/explorer/schema.json', { cache: 'no-store' });
        const { version } = await answer.json();
        if (version !== shown)
          document.querySelector('button[aria-label^="Re-fetch GraphQL schema"]')?.click();
      } catch {
        // the server is away; the next look finds it
      } finally {
        looking = false;
      }
    };
    self.fetch = async (resource, options) => {
      const response = await plainFetch(resource, options);
      const body = options?.body;
      if (typeof body === 'string' && body.includes('__schema'))
        shown = response.headers.get('x-augury-schema') ?? shown;
      else void look();
      return response;
    };
    setInterval(look, LOOK_EVERY_MS);
    for (const event of ['focus', 'visibilitychange']) self.addEventListener(event, look);
  }

  async function start() {
    followSchema();
    const [{ viewer }, { operations, now }, customer] = await Promise.all([
      ask('{ viewer { name role } }'),
      fetch('/explorer/examples.json').then((response) => response.json()),
      someCustomer(),
      load(graphiql),
    ]);
    document.getElementById('viewer').textContent = `${viewer.name} · ${viewer.role}`;
    const facts = {
      customer,
      now,
      id: `explorer-${Date.now().toString(36)}`,
      today: now.slice(0, 10),
      later: new Date(Date.parse(now) + 30 * 86_400_000).toISOString(),
    };
    list(operations, facts, viewer.role);
    const tabs = operations.map((example) => tabOf(example, facts));
    if (savedTabs() === null) saveTabs(tabs, 0);
    YogaGraphiQL.renderYogaGraphiQL(document.getElementById('root'), {
      endpoint: '/graphql',
      subscriptionsEndpoint: new URL('/graphql', location.href).href,
      subscriptionsProtocol: 'WS',
      credentials: 'same-origin',
      title: 'Augury',
      shouldPersistHeaders: false,
      // keeps GraphiQL's own welcome text away when the saved tabs were all closed
      defaultTabs: tabs,
    });
  }

  start().catch((error) => {
    document.getElementById('root').textContent = `The explorer could not start: ${error.message}`;
  });
})();
