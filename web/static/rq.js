// rq-dashboard prints what it finds in Redis with <%= %>, which Underscore leaves raw.
// Here both forms escape, except where the template has escaped already.
_.templateSettings.escape = /<%[-=](?!\s*\$\('<div\/>'\))([\s\S]+?)%>/g;
_.templateSettings.interpolate = /<%=(\s*\$\('<div\/>'\)\.text\([\w.]+\)\.html\(\)\s*)%>/g;

// Every post carries the session's token.
$.ajaxSetup({
  headers: { "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content },
});
