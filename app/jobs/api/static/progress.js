// <simmer-progress src="…">: keeps the progress bar that the server has rendered up to date until its job ends.

const LONGEST = 30; // seconds: between two tries after the connection was lost, and for an answer

class SimmerProgress extends HTMLElement {
  connectedCallback() {
    [this.bar] = this.getElementsByTagName("progress");
    [this.text, this.end] = this.getElementsByTagName("span");
    this.failures = 0;
    this.life = new AbortController();
    const { signal } = this.life;
    document.addEventListener("visibilitychange", () => this.poll(), { signal });
    window.addEventListener("online", () => this.poll(), { signal });
    this.poll();
  }

  disconnectedCallback() {
    this.life.abort();
    this.request?.abort();
    this.request = null;
    clearTimeout(this.timer);
  }

  async poll() {
    if (this.request || document.hidden || !this.hasAttribute("src")) return;
    clearTimeout(this.timer);
    const request = (this.request = new AbortController());
    const limit = setTimeout(() => request.abort(), LONGEST * 1000);
    let after;
    try {
      after = await this.refresh(request.signal);
    } catch {
      // no connection, or none that answers
    }
    clearTimeout(limit);
    if (this.request !== request) return; // taken out of the page meanwhile
    this.request = null;
    after ??= this.lose();
    if (!this.hasAttribute("src")) return;
    // Spread out: after an outage not everybody comes back at the same moment.
    this.timer = setTimeout(() => this.poll(), after * 1000 * (1 + Math.random() / 4));
  }

  // Returns the seconds until the next poll, as `lose` does.
  async refresh(signal) {
    const headers = { Accept: "application/json", ...(this.etag && { "If-None-Match": this.etag }) };
    const response = await fetch(this.getAttribute("src"), { headers, signal });
    const after = Number(response.headers.get("Retry-After")) || 1;
    if (response.status === 200) {
      const job = await response.json();
      this.show(job);
      this.etag = response.headers.get("ETag");
    } else if (response.status === 304) {
      this.show(this.job);
    } else if (response.status < 500 && response.status !== 408 && response.status !== 429) {
      this.stop(this.dataset.gone);
    } else {
      return Math.max(after, this.lose()); // the server cannot answer now
    }
    this.failures = 0;
    return after;
  }

  lose() {
    this.text.textContent = this.dataset.lost;
    return Math.min(LONGEST, 2 ** this.failures++);
  }

  show(job) {
    const { percent, message, eta } = job.progress;
    this.job = job;
    this.setAttribute("state", job.state);
    this.bar.removeAttribute("value");
    if (percent !== null) this.bar.value = percent;
    if (job.finished_at !== null) {
      this.bar.value = job.state === "succeeded" ? 100 : (percent ?? 0);
      this.stop(this.dataset[job.state] + (job.error ? `: ${job.error.message}` : ""));
    } else {
      const parts = [this.dataset[job.state]];
      if (job.state === "running") {
        if (percent !== null) parts[0] = `${Math.round(percent)}%`;
        parts.push(message, eta !== null && this.left(eta));
      }
      this.text.textContent = parts.filter(Boolean).join(" · ");
    }
    this.dispatchEvent(new CustomEvent("simmer-progress", { bubbles: true, detail: job }));
  }

  // The end is said once, to screen readers as well; what changes on the way is not.
  stop(words) {
    this.removeAttribute("src");
    this.text.textContent = "";
    this.end.textContent = words;
  }

  left(seconds) {
    const units = { day: 86400, hour: 3600, minute: 60, second: 1 };
    const unit = Object.keys(units).find((name) => seconds >= 1.5 * units[name]) ?? "second";
    const { lang } = document.documentElement;
    const locale = /^[a-z]{2,3}(-[a-z]{2})?$/i.test(lang) ? lang : undefined;
    return new Intl.RelativeTimeFormat(locale).format(Math.ceil(seconds / units[unit]), unit);
  }
}

if (!customElements.get("simmer-progress")) customElements.define("simmer-progress", SimmerProgress);
