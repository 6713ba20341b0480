-- A coach may say why a session moves: cancel_reason is why it was changed last, cancelled or moved.
drop function if exists move_appointment(new_booking, boolean, booking_limits, actor);
