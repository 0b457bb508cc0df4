"""`/users`: add a user, list users."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, request, url_for
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from .extensions import db, jobs
from .models import User
from .people import UserSchema
from .problems import Problem, places

MAX_BYTES: Final = 16 * 1024
"""Bytes of a body that describes a user."""

blueprint = Blueprint("users", __name__, url_prefix="/users")


class PageSchema(Schema):
    """The query of a list; `cursor` is the id of the last user of the previous page."""

    class Meta:
        unknown = RAISE

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 500))
    cursor = fields.Integer(load_default=0, validate=validate.Range(0, 2**63 - 1))


@blueprint.post("")
@jobs.requires("submit")
def add() -> Response:
    """Add a user: 201 with `Location`, 409 if the address is taken."""
    try:
        user = User(**UserSchema().load(jobs.read_json(MAX_BYTES)))
    except ValidationError as error:
        raise Problem(422, "The body does not describe a user.", places(error)) from None
    db.session.add(user)
    # No SELECT first: two requests could both find the address free.
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise Problem(409, "There is a user with this address.") from None
    response = jsonify(UserSchema().dump(user))
    response.status_code = 201
    response.headers["Location"] = url_for("users.show", user_id=user.id)
    return response


@blueprint.get("")
@jobs.requires("read")
def page() -> Response:
    """A page of users in the order of their ids, and the cursor of the next page."""
    try:
        query = PageSchema().load(request.args)
    except ValidationError as error:
        raise Problem(400, "The query is not understood.", places(error)) from None
    # One more than asked for tells whether there is a next page.
    after = select(User).where(User.id > query["cursor"]).order_by(User.id).limit(query["limit"] + 1)
    found = db.session.scalars(after).all()
    users = found[: query["limit"]]
    more = len(found) > len(users)
    return jsonify(items=UserSchema(many=True).dump(users), next_cursor=str(users[-1].id) if more else None)


@blueprint.get("/<int:user_id>")
@jobs.requires("read")
def show(user_id: int) -> Response:
    """One user, or 404."""
    # A larger number is an error of the driver, not an empty result.
    user = db.session.get(User, user_id) if user_id < 2**63 else None
    if user is None:
        raise Problem(404, "No user has this id.")
    return jsonify(UserSchema().dump(user))
