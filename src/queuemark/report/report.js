// Adds to a report what needs a script: pictures to explore, a linear scale, and a choice of transports and consumers.
// Without it the same pictures and tables are there, all of them.
"use strict";

(() => {
  const MADE = { actions: false, ast: true, defaultStyle: false, renderer: "svg", tooltip: { disableDefaultStyle: true } };

  const element = (name, attributes = {}, ...children) => {
    const made = Object.assign(document.createElement(name), attributes);
    made.append(...children);
    return made;
  };

  // What is drawn or told begins with its mechanism; "tcp nodelay=1" and "tcp (python)" are both tcp.
  const firstWord = (text) => String(text ?? "").split(" ")[0];
  const transportOf = (row) => firstWord(row.mechanism ?? row.series ?? row.name);

  const rowsOf = (spec) => Object.values(spec.datasets ?? {}).flat();

  class Picture {
    constructor(figure) {
      this.still = figure.querySelector(".still");
      this.specs = {};
      for (const script of figure.querySelectorAll('script[type="application/json"]')) {
        this.specs[script.dataset.scale] = JSON.parse(script.textContent);
      }
      // What both have is in the page once.
      if (this.specs.linear) this.specs.linear.datasets = { ...this.specs.log.datasets, ...this.specs.linear.datasets };
      this.explored = element("div", { className: "explored", hidden: true });
      this.button = element("button", { type: "button", textContent: "Explore" });
      this.button.setAttribute("aria-expanded", "false");
      this.button.addEventListener("click", () => this.show(this.explored.hidden));
      figure.prepend(element("div", { className: "tools" }, this.button));
      figure.append(this.explored);
      this.choice = { scale: "log", keeps: () => true };
    }

    rows() {
      return rowsOf(this.specs.log);
    }

    choose(choice) {
      this.choice = choice;
      return this.show(true);
    }

    async show(exploring) {
      if (exploring) await this.draw();
      this.explored.hidden = !exploring;
      this.still.hidden = exploring;
      this.button.textContent = exploring ? "Show the still picture" : "Explore";
      this.button.setAttribute("aria-expanded", String(exploring));
    }

    async draw() {
      const spec = structuredClone(this.specs[this.choice.scale] ?? this.specs.log);
      for (const [name, rows] of Object.entries(spec.datasets ?? {})) {
        spec.datasets[name] = rows.filter(this.choice.keeps);
      }
      if (rowsOf(spec).length === 0) {
        this.explored.textContent = "Nothing of this choice is in this picture.";
        return;
      }
      try {
        await window.vegaEmbed(this.explored, spec, MADE);
        // The still pictures bring the colours for the dark; the class makes them the explored one's, too.
        this.explored.querySelector("svg").classList.add(...this.still.querySelector("svg").classList);
      } catch (error) {
        this.explored.textContent = `The picture could not be drawn: ${error.message}`;
      }
    }
  }

  // Hides the rows of a table that are of other transports or other numbers of consumers than those chosen.
  function filterTable(table, keeps) {
    const names = [...table.querySelectorAll("thead th")].map((head) => head.dataset.name);
    const places = { name: names.indexOf("name"), consumers: names.indexOf("consumers") };
    for (const line of table.querySelectorAll("tbody tr")) {
      const row = {};
      for (const [name, place] of Object.entries(places)) {
        if (place >= 0) row[name] = line.cells[place].textContent;
      }
      line.hidden = !keeps(row);
    }
  }

  // A row that does not say of what transport or of how many consumers it is stays.
  function keeper(transports, consumers) {
    return (row) => {
      const transport = transportOf(row);
      const chosen = transports.get(transport)?.checked ?? true;
      return chosen && (consumers === "" || row.consumers === undefined || Number(row.consumers) === Number(consumers));
    };
  }

  // For all pictures and tables of a part of the page; it stands behind the element that the part begins with.
  function choices(part, beginning, pictures) {
    const rows = pictures.flatMap((picture) => picture.rows());
    const boxes = new Map();
    for (const name of new Set(rows.map((row) => firstWord(row.mechanism)).filter(Boolean))) {
      boxes.set(name, element("input", { type: "checkbox", checked: true, value: name }));
    }
    const counts = [...new Set(rows.map((row) => row.consumers).filter(Number.isInteger))].sort((a, b) => a - b);
    const consumers = element("select", {}, element("option", { value: "", textContent: "all" }));
    consumers.append(...counts.map((count) => element("option", { value: count, textContent: count })));
    const linear = element("input", { type: "checkbox" });
    const said = element("fieldset", {}, element("legend", { textContent: "Show" }));
    const labelled = (box, text) => element("label", {}, box, text);
    if (boxes.size > 1) said.append(...[...boxes].map(([name, box]) => labelled(box, name)));
    if (counts.length > 1) said.append(labelled(consumers, "consumers"));
    if (pictures.some((picture) => picture.specs.linear)) said.append(labelled(linear, "linear scale"));
    if (said.children.length === 1) return;
    said.addEventListener("change", () => {
      const choice = { scale: linear.checked ? "linear" : "log", keeps: keeper(boxes, consumers.value) };
      for (const picture of pictures) picture.choose(choice);
      for (const table of part.querySelectorAll("table")) filterTable(table, choice.keeps);
    });
    beginning.after(said);
  }

  const picturesOf = (part) => [...part.querySelectorAll("figure.picture")].map((figure) => new Picture(figure));

  for (const session of document.querySelectorAll(".session")) {
    choices(session, session.querySelector(".headlines"), picturesOf(session));
  }
  for (const compared of document.querySelectorAll("main > section.question")) {
    choices(compared, compared.querySelector("h2"), picturesOf(compared));
  }
})();
