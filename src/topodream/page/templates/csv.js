// Tables as CSV (RFC 4180), made in the browser: numbers as the page holds them, nothing rounded.

// The first line has the names of columns. A number is as short as it can be told from all others.
function csvOf(columns, rows) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

// A measure as a column's name: as measures.json calls it, with its unit where it has one.
function columnOf(name) {
  const { label, form } = study.measures[name];
  const unit = form.endsWith("%") ? "fraction" : label.match(/, (units|degrees|epochs)$/)?.[1];
  return unit ? `${name} (${unit})` : name;
}

function saveCsv(file, columns, rows) {
  saveFile(file, new Blob([csvOf(columns, rows)], { type: "text/csv" }));
}
