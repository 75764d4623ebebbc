"""Score card transactions over HTTP.

- `POST /score` takes `{"amount": 912.5, "hour": 3, ...}` and answers `{"score": 0.97, "fraud": true}`.
- `GET /health` answers `{"model": "card-fraud", "version": "1.3.0"}`.
"""

import json
import os
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

LARGEST_BODY = 64 * 1024


@dataclass(frozen=True)
class Model:
    """A logistic regression over standardised features."""

    name: str
    version: str
    features: tuple[str, ...]
    threshold: float
    tensors: dict[str, NDArray[np.float32]]

    @classmethod
    def load(cls, folder: Path) -> "Model":
        """Read the model's configuration and weights."""
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        tensors = load_file(folder / "fraud.safetensors")
        return cls(config["name"], config["version"], tuple(config["features"]), config["threshold"], tensors)

    def score(self, transaction: dict[str, float]) -> float:
        """Return the probability of fraud; raises KeyError or ValueError when a feature is missing or no number."""
        values = np.array([float(transaction[name]) for name in self.features])
        standardised = (values - self.tensors["mean"]) / self.tensors["scale"]
        log_odds = standardised @ self.tensors["coefficients"] + self.tensors["intercept"][0]
        return float(1 / (1 + np.exp(-np.clip(log_odds, -60, 60))))


class Handler(BaseHTTPRequestHandler):
    """One request."""

    model: Model

    def do_GET(self) -> None:
        """Say which model is loaded."""
        if self.path == "/health":
            self.answer(HTTPStatus.OK, {"model": self.model.name, "version": self.model.version})
        else:
            self.answer(HTTPStatus.NOT_FOUND, {"error": "ask for /health, or post to /score"})

    def do_POST(self) -> None:
        """Score one transaction."""
        if self.path != "/score":
            self.answer(HTTPStatus.NOT_FOUND, {"error": "post to /score"})
            return
        try:
            length = min(int(self.headers.get("Content-Length", "0")), LARGEST_BODY)
            score = self.model.score(json.loads(self.rfile.read(length)))
        except (KeyError, TypeError, ValueError) as error:
            self.answer(HTTPStatus.BAD_REQUEST, {"error": f"not a transaction: {error}"})
            return
        self.answer(HTTPStatus.OK, {"score": round(score, 4), "fraud": score >= self.model.threshold})

    def answer(self, status: HTTPStatus, body: dict[str, object]) -> None:
        """Send a status and a JSON body."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main() -> None:
    """Serve the model in `MODEL_DIR` on `PORT`."""
    here = Path(__file__).resolve().parent
    Handler.model = Model.load(Path(os.environ.get("MODEL_DIR", here / "model")))
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()


if __name__ == "__main__":
    main()
