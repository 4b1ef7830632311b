"""What every section of a profile is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Base of every section: an unknown key is an error, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
